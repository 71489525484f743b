package io.github.etcddiscovery.docker.compose;

import java.util.List;

import io.github.etcddiscovery.client.ContainerEnvironment;
import io.github.etcddiscovery.client.EtcdConnectionDetails;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.docker.compose.core.RunningService;
import org.springframework.boot.docker.compose.service.connection.DockerComposeConnectionDetailsFactory;
import org.springframework.boot.docker.compose.service.connection.DockerComposeConnectionSource;
import org.springframework.boot.ssl.SslBundle;

/**
 * Connection details from a service of Docker Compose with an etcd image, or with a label
 * that says so.
 */
final class EtcdDockerComposeConnectionDetailsFactory
		extends DockerComposeConnectionDetailsFactory<EtcdConnectionDetails> {

	EtcdDockerComposeConnectionDetailsFactory() {
		super(ContainerEnvironment.images());
	}

	@Override
	protected EtcdConnectionDetails getDockerComposeConnectionDetails(DockerComposeConnectionSource source) {
		return new EtcdDockerComposeConnectionDetails(source.getRunningService());
	}

	private static final class EtcdDockerComposeConnectionDetails extends DockerComposeConnectionDetails
			implements EtcdConnectionDetails {

		private final ContainerEnvironment environment;

		private final String endpoint;

		private final @Nullable SslBundle sslBundle;

		EtcdDockerComposeConnectionDetails(RunningService service) {
			super(service);
			this.sslBundle = getSslBundle(service);
			this.environment = new ContainerEnvironment(service.env(), List.of());
			this.endpoint = this.environment.endpoint(service.host(),
					service.ports().get(ContainerEnvironment.CLIENT_PORT), this.sslBundle != null);
		}

		@Override
		public List<String> getEndpoints() {
			return List.of(this.endpoint);
		}

		@Override
		public @Nullable String getUsername() {
			return this.environment.username();
		}

		@Override
		public @Nullable String getPassword() {
			return this.environment.password();
		}

		@Override
		public @Nullable SslBundle getSslBundle() {
			return this.sslBundle;
		}

	}

}
