package io.github.etcddiscovery.client;

import java.util.List;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.util.StringUtils;

/**
 * Connection details from {@link EtcdProperties}.
 */
public final class PropertiesEtcdConnectionDetails implements EtcdConnectionDetails {

	private final Supplier<EtcdProperties> properties;

	private final @Nullable SslBundles bundles;

	/**
	 * Create connection details that never change and have no SSL bundle.
	 * @param properties the properties
	 */
	public PropertiesEtcdConnectionDetails(EtcdProperties properties) {
		this(() -> properties, null);
	}

	/**
	 * Create connection details.
	 * @param properties the properties as they are now, with a password that may have
	 * been replaced
	 * @param bundles where the SSL bundle is found, or {@code null} if there is none
	 */
	public PropertiesEtcdConnectionDetails(Supplier<EtcdProperties> properties, @Nullable SslBundles bundles) {
		this.properties = properties;
		this.bundles = bundles;
	}

	@Override
	public List<String> getEndpoints() {
		return this.properties.get().endpoints();
	}

	@Override
	public @Nullable String getUsername() {
		String username = this.properties.get().username();
		return StringUtils.hasText(username) ? username : null;
	}

	@Override
	public @Nullable String getPassword() {
		return (getUsername() != null) ? this.properties.get().password() : null;
	}

	@Override
	public @Nullable SslBundle getSslBundle() {
		String name = this.properties.get().ssl().bundleInUse();
		if (name == null) {
			return null;
		}
		if (this.bundles == null) {
			throw new IllegalStateException(
					"There are no SSL bundles to find '%s' of 'spring.cloud.etcd.ssl.bundle' in".formatted(name));
		}
		return this.bundles.getBundle(name);
	}

}
