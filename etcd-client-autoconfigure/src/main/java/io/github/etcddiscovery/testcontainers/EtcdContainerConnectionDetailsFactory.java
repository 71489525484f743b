package io.github.etcddiscovery.testcontainers;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

import io.github.etcddiscovery.client.ContainerEnvironment;
import io.github.etcddiscovery.client.EtcdConnectionDetails;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.GenericContainer;

import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.pem.PemSslStoreBundle;
import org.springframework.boot.ssl.pem.PemSslStoreDetails;
import org.springframework.boot.testcontainers.service.connection.ContainerConnectionDetailsFactory;
import org.springframework.boot.testcontainers.service.connection.ContainerConnectionSource;
import org.springframework.boot.testcontainers.service.connection.Ssl;
import org.springframework.util.ClassUtils;
import org.springframework.util.StreamUtils;

/**
 * Connection details from a {@code @ServiceConnection} container: jetcd-launcher's
 * {@code EtcdContainer}, or any container with an etcd image or the connection name of
 * etcd. One factory serves both, since a container may be both.
 */
final class EtcdContainerConnectionDetailsFactory
		extends ContainerConnectionDetailsFactory<GenericContainer<?>, EtcdConnectionDetails> {

	/**
	 * Refers to the class by name, so that the launcher stays an optional dependency.
	 */
	private static final String ETCD_CONTAINER = "io.etcd.jetcd.launcher.EtcdContainer";

	EtcdContainerConnectionDetailsFactory() {
		super(Arrays.asList(ContainerEnvironment.images()));
	}

	@Override
	protected boolean sourceAccepts(ContainerConnectionSource<GenericContainer<?>> source,
			Class<?> requiredContainerType, Class<?> requiredConnectionDetailsType) {
		return super.sourceAccepts(source, requiredContainerType, requiredConnectionDetailsType)
				|| ClassUtils.isPresent(ETCD_CONTAINER, null) && source.accepts(ANY_CONNECTION_NAME,
						ClassUtils.resolveClassName(ETCD_CONTAINER, null), requiredConnectionDetailsType);
	}

	@Override
	protected EtcdConnectionDetails getContainerConnectionDetails(
			ContainerConnectionSource<GenericContainer<?>> source) {
		return new EtcdContainerConnectionDetails(source);
	}

	private static final class EtcdContainerConnectionDetails extends ContainerConnectionDetails<GenericContainer<?>>
			implements EtcdConnectionDetails {

		private volatile @Nullable SslBundle ownCertificate;

		EtcdContainerConnectionDetails(ContainerConnectionSource<GenericContainer<?>> source) {
			super(source);
		}

		@Override
		public List<String> getEndpoints() {
			GenericContainer<?> container = getContainer();
			return List.of(environment().endpoint(container.getHost(),
					container.getMappedPort(ContainerEnvironment.CLIENT_PORT), getSslBundle() != null));
		}

		@Override
		public @Nullable String getUsername() {
			return environment().username();
		}

		@Override
		public @Nullable String getPassword() {
			return environment().password();
		}

		@Override
		public @Nullable SslBundle getSslBundle() {
			SslBundle bundle = super.getSslBundle();
			return (bundle != null || !hasAnnotation(Ssl.class)) ? bundle : ownCertificate();
		}

		/**
		 * A bundle that trusts etcd's own certificate, which {@code @Ssl} without
		 * attributes asks for. Always the same object, since a different bundle would
		 * mean that the certificates were replaced.
		 */
		private @Nullable SslBundle ownCertificate() {
			String file = environment().certificateFile();
			if (this.ownCertificate == null && file != null) {
				String certificate = getContainer().copyFileFromContainer(file,
						(content) -> StreamUtils.copyToString(content, StandardCharsets.US_ASCII));
				this.ownCertificate = SslBundle
					.of(new PemSslStoreBundle(null, PemSslStoreDetails.forCertificate(certificate)));
			}
			return this.ownCertificate;
		}

		private ContainerEnvironment environment() {
			return new ContainerEnvironment(getContainer().getEnvMap(), List.of(getContainer().getCommandParts()));
		}

	}

}
