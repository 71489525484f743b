package io.github.etcddiscovery.proof;

import java.util.List;

import io.github.etcddiscovery.testing.FreePorts;
import io.github.etcddiscovery.testing.JavaApplication;

import org.springframework.boot.SpringBootVersion;

/**
 * One instance of the service that is called, in a JVM of its own.
 *
 * @param name what it answers with
 * @param port where it listens for HTTP
 * @param grpcPort where it listens for gRPC
 * @param application the process
 */
record Instance(String name, int port, int grpcPort, JavaApplication application) {

	/**
	 * Spring gRPC for Boot 4.0 and Boot 4.1 name it differently.
	 */
	private static final String LISTEN_ADDRESS = SpringBootVersion.getVersion().startsWith("4.0.") ? "host" : "address";

	static Instance start(String name, List<String> endpoints) {
		return start(name, FreePorts.next(), FreePorts.next(), endpoints);
	}

	/**
	 * The starter's defaults, but on the loopback interface only.
	 */
	private static Instance start(String name, int port, int grpcPort, List<String> endpoints) {
		return new Instance(name, port, grpcPort,
				JavaApplication.start(ProviderApplication.class, List.of("-Xss512k", "-XX:-UsePerfData"),
						"--spring.application.name=provider", "--proof.name=" + name, "--server.address=127.0.0.1",
						"--server.port=" + port, "--spring.grpc.server.port=" + grpcPort,
						"--spring.grpc.server." + LISTEN_ADDRESS + "=127.0.0.1",
						"--spring.cloud.etcd.discovery.ip-address=127.0.0.1",
						"--spring.cloud.etcd.endpoints=" + String.join(",", endpoints)));
	}

	/**
	 * A new process in the place of this one, which has ended: the same ports and the
	 * same instance id.
	 */
	Instance successor(String name, List<String> endpoints) {
		return start(name, this.port, this.grpcPort, endpoints);
	}

	boolean isStarted() {
		if (!this.application.isAlive()) {
			throw new IllegalStateException(
					"Instance %s has ended:%n%s".formatted(this.name, this.application.output()));
		}
		return this.application.output().contains("Started ProviderApplication");
	}

}
