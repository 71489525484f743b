package io.github.etcddiscovery.grpc;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

import io.github.etcddiscovery.instance.GrpcEndpoint;
import io.github.etcddiscovery.registry.EtcdAutoServiceRegistration;
import io.github.etcddiscovery.registry.LocalServer;
import io.grpc.Server;
import org.jspecify.annotations.Nullable;

import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.EventListener;
import org.springframework.grpc.server.lifecycle.GrpcServerLifecycle;
import org.springframework.grpc.server.lifecycle.GrpcServerStartedEvent;

/**
 * Registers the port of the application's gRPC server, and deregisters the application
 * before that server stops. Spring starts gRPC servers last and stops them first, before
 * the web server. This bean depends on them and is in the same phase, so it starts after
 * them and stops before them.
 * <p>
 * Of several servers, callers find that of Spring Boot; the metadata names the others. A
 * server without a port, such as an in-process server, can't be called from elsewhere and
 * is not registered.
 */
public final class GrpcServerRegistration implements SmartLifecycle {

	private final EtcdAutoServiceRegistration registration;

	private final Map<String, GrpcServerLifecycle> servers;

	private final boolean secure;

	private final List<GrpcFarewell> farewells;

	/**
	 * The addresses of servers that are bound to a single address.
	 */
	private final Map<GrpcServerLifecycle, InetAddress> addresses = new ConcurrentHashMap<>();

	private volatile boolean running;

	/**
	 * Create the registration of the application's gRPC servers.
	 * @param registration registers the application
	 * @param servers the servers of the application by bean name
	 * @param secure whether Spring Boot's server speaks TLS
	 * @param farewells are told when the application begins to leave and when it is back
	 */
	public GrpcServerRegistration(EtcdAutoServiceRegistration registration, Map<String, GrpcServerLifecycle> servers,
			boolean secure, List<GrpcFarewell> farewells) {
		this.registration = registration;
		this.servers = servers;
		this.secure = secure;
		this.farewells = farewells;
	}

	@Override
	public void start() {
		this.running = true;
		this.farewells.forEach(GrpcFarewell::comeBack);
		serve();
	}

	/**
	 * Records the address of a server. A server that is started late or again may have
	 * another port.
	 * @param event the start of the server
	 */
	@EventListener
	public void onServerStarted(GrpcServerStartedEvent event) {
		InetAddress address = address(event.getServer());
		if (address != null) {
			this.addresses.put(event.getSource(), address);
		}
		if (this.running && this.servers.containsValue(event.getSource())) {
			serve();
		}
	}

	private static @Nullable InetAddress address(Server server) {
		return server.getListenSockets()
			.stream()
			.filter(InetSocketAddress.class::isInstance)
			.map((socket) -> ((InetSocketAddress) socket).getAddress())
			.filter((address) -> !address.isAnyLocalAddress())
			.findFirst()
			.orElse(null);
	}

	private void serve() {
		String main = main();
		if (main == null) {
			this.registration.grpcServes(LocalServer.NONE, Map.of());
			return;
		}
		GrpcServerLifecycle mainServer = server(main);
		boolean secure = this.secure && isOfSpringBoot(main);
		Map<String, String> metadata = new TreeMap<>();
		this.servers.forEach((name, server) -> {
			if (server.getPort() > 0) {
				metadata.put(name.equals(main) ? GrpcEndpoint.PORT : GrpcEndpoint.PORT + "." + name,
						String.valueOf(server.getPort()));
			}
		});
		if (secure) {
			metadata.put(GrpcEndpoint.SECURE, "true");
		}
		this.registration.grpcServes(new LocalServer(mainServer.getPort(), secure, this.addresses.get(mainServer)),
				metadata);
	}

	private @Nullable String main() {
		return this.servers.keySet()
			.stream()
			.filter((name) -> server(name).getPort() > 0)
			.reduce((one, other) -> isOfSpringBoot(other) ? other : one)
			.orElse(null);
	}

	private GrpcServerLifecycle server(String name) {
		return Objects.requireNonNull(this.servers.get(name));
	}

	private static boolean isOfSpringBoot(String name) {
		return name.equals("nettyGrpcServerLifecycle") || name.equals("shadedNettyGrpcServerLifecycle");
	}

	@Override
	public void stop() {
		this.running = false;
		if (main() != null) {
			this.farewells.forEach(GrpcFarewell::leave);
			this.registration.grpcStops();
		}
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	@Override
	public int getPhase() {
		return Integer.MAX_VALUE;
	}

}
