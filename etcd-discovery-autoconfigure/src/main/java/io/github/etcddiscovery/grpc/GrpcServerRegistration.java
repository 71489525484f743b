package io.github.etcddiscovery.grpc;

import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

import io.github.etcddiscovery.instance.GrpcEndpoint;
import io.github.etcddiscovery.registry.EtcdAutoServiceRegistration;
import org.jspecify.annotations.Nullable;

import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.EventListener;
import org.springframework.grpc.server.lifecycle.GrpcServerLifecycle;
import org.springframework.grpc.server.lifecycle.GrpcServerStartedEvent;

/**
 * Registers the port of the application's gRPC server, and takes the application out
 * before that server stops. Spring's servers of gRPC are started last and stopped first,
 * which is before anything that has to do with the web server. This bean depends on them,
 * so of the same phase it is started after and stopped before them.
 * <p>
 * With several servers it is that of Spring Boot which is found by callers; the others
 * are told apart by their names. A server without a port, such as one within the process,
 * cannot be called from elsewhere and is not registered.
 */
public final class GrpcServerRegistration implements SmartLifecycle {

	private final EtcdAutoServiceRegistration registration;

	private final Map<String, GrpcServerLifecycle> servers;

	private final boolean secure;

	private final Runnable leaving;

	private volatile boolean running;

	/**
	 * Create it.
	 * @param registration registers the application
	 * @param servers the servers of the application by the names of their beans
	 * @param secure whether the server of Spring Boot speaks TLS
	 * @param leaving run when the application begins to leave
	 */
	public GrpcServerRegistration(EtcdAutoServiceRegistration registration, Map<String, GrpcServerLifecycle> servers,
			boolean secure, Runnable leaving) {
		this.registration = registration;
		this.servers = servers;
		this.secure = secure;
		this.leaving = leaving;
	}

	@Override
	public void start() {
		this.running = true;
		serve();
	}

	/**
	 * A server that is started later than all others, or again, may have another port.
	 * @param event that it listens
	 */
	@EventListener
	public void onServerStarted(GrpcServerStartedEvent event) {
		if (this.running && this.servers.containsValue(event.getSource())) {
			serve();
		}
	}

	private void serve() {
		String main = main();
		if (main == null) {
			this.registration.grpcServes(0, Map.of());
			return;
		}
		Map<String, String> metadata = new TreeMap<>();
		this.servers.forEach((name, server) -> {
			if (server.getPort() > 0) {
				metadata.put(name.equals(main) ? GrpcEndpoint.PORT : GrpcEndpoint.PORT + "." + name,
						String.valueOf(server.getPort()));
			}
		});
		if (this.secure && isOfSpringBoot(main)) {
			metadata.put(GrpcEndpoint.SECURE, "true");
		}
		this.registration.grpcServes(port(main), metadata);
	}

	private @Nullable String main() {
		return this.servers.keySet()
			.stream()
			.filter((name) -> port(name) > 0)
			.reduce((one, other) -> isOfSpringBoot(other) ? other : one)
			.orElse(null);
	}

	private int port(String name) {
		return Objects.requireNonNull(this.servers.get(name)).getPort();
	}

	private static boolean isOfSpringBoot(String name) {
		return name.equals("nettyGrpcServerLifecycle") || name.equals("shadedNettyGrpcServerLifecycle");
	}

	@Override
	public void stop() {
		this.running = false;
		if (main() != null) {
			this.leaving.run();
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
