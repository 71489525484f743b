package io.github.etcddiscovery.grpc.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;

import io.github.etcddiscovery.testing.EtcdAdmin;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;

/**
 * A server of somebody who does not use this starter.
 */
final class GrpcServer implements AutoCloseable {

	private final EtcdAdmin etcd;

	private final String key;

	private final Echo echo;

	private final Server server;

	GrpcServer(EtcdAdmin etcd, String service, String name) {
		this.etcd = etcd;
		this.key = service + "/" + name;
		this.echo = new Echo(name);
		try {
			this.server = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
				.addService(this.echo)
				.build()
				.start();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	Echo echo() {
		return this.echo;
	}

	int port() {
		return this.server.getPort();
	}

	GrpcServer register(String status, String metadata) {
		return put("{\"host\":\"127.0.0.1\",\"port\":%d,\"status\":\"%s\",\"metadata\":{%s}}".formatted(port(), status,
				metadata));
	}

	GrpcServer register(String status) {
		return register(status, "");
	}

	GrpcServer put(String value) {
		this.etcd.put("services/" + this.key, value);
		return this;
	}

	void deregister() {
		this.etcd.delete("services/" + this.key);
	}

	@Override
	public void close() {
		this.server.shutdownNow();
	}

}
