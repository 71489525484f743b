package io.github.etcddiscovery.client;

import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.util.StringUtils;

/**
 * Connection details from {@link EtcdProperties}.
 */
public final class PropertiesEtcdConnectionDetails implements EtcdConnectionDetails {

	private final EtcdProperties properties;

	/**
	 * Create connection details.
	 * @param properties the properties
	 */
	public PropertiesEtcdConnectionDetails(EtcdProperties properties) {
		this.properties = properties;
	}

	@Override
	public List<String> getEndpoints() {
		return this.properties.endpoints();
	}

	@Override
	public @Nullable String getUsername() {
		return StringUtils.hasText(this.properties.username()) ? this.properties.username() : null;
	}

	@Override
	public @Nullable String getPassword() {
		return (getUsername() != null) ? this.properties.password() : null;
	}

}
