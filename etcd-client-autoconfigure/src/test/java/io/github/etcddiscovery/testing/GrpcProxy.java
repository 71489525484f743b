package io.github.etcddiscovery.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

import org.awaitility.Awaitility;

import org.springframework.util.FileSystemUtils;

/**
 * A process of etcd's own {@code grpc-proxy} before an etcd. It passes on no progress
 * request, serves several watches of one range from one of its own, and answers
 * serializable reads from a cache.
 */
public final class GrpcProxy implements AutoCloseable {

	private static final Duration READY_TIMEOUT = Duration.ofSeconds(30);

	private final Path directory;

	private final OwnedProcess process;

	private final InetSocketAddress address;

	private GrpcProxy(Path directory, OwnedProcess process, InetSocketAddress address) {
		this.directory = directory;
		this.process = process;
		this.address = address;
	}

	/**
	 * Starts a proxy and waits until it listens.
	 * @param endpoints the URLs of the members
	 * @return the proxy
	 */
	public static GrpcProxy to(List<String> endpoints) {
		try {
			Path directory = Files.createTempDirectory("grpc-proxy");
			int port = FreePorts.next();
			String members = String.join(",", endpoints.stream().map(URI::create).map(URI::getAuthority).toList());
			OwnedProcess process = OwnedProcess.start(List.of(EtcdExecutables.etcd().toString(), "grpc-proxy", "start",
					"--endpoints", members, "--listen-addr", "127.0.0.1:" + port, "--advertise-client-url",
					"127.0.0.1:" + port, "--data-dir", directory.resolve("data").toString()),
					directory.resolve("grpc-proxy.log"));
			GrpcProxy proxy = new GrpcProxy(directory, process, new InetSocketAddress("127.0.0.1", port));
			Awaitility.await().atMost(READY_TIMEOUT).pollInterval(Duration.ofMillis(20)).until(proxy::listens);
			return proxy;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * The URL for clients.
	 * @return the URL
	 */
	public String url() {
		return "http://127.0.0.1:" + this.address.getPort();
	}

	private boolean listens() {
		if (!this.process.isAlive()) {
			throw new IllegalStateException("The grpc-proxy exited; its log is in " + this.directory);
		}
		try (Socket socket = new Socket()) {
			socket.connect(this.address);
			return true;
		}
		catch (IOException ex) {
			return false;
		}
	}

	@Override
	public void close() {
		this.process.kill();
		try {
			FileSystemUtils.deleteRecursively(this.directory);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
