package io.github.etcddiscovery.client;

import org.jspecify.annotations.Nullable;

import org.springframework.util.StringUtils;

/**
 * TLS between the application and etcd.
 *
 * @param enabled whether to use TLS; by default as the schemes of the endpoints say, and
 * true with a bundle
 * @param bundle name of the SSL bundle with the trusted certificate authorities and, if
 * etcd requires one, this application's certificate; by default the JVM's certificate
 * authorities are trusted
 */
public record SslProperties(@Nullable Boolean enabled, @Nullable String bundle) {

	/**
	 * TLS if the endpoints are https, with the JVM's trust store.
	 * @return the properties
	 */
	public static SslProperties none() {
		return new SslProperties(null, null);
	}

	/**
	 * Whether the properties ask for TLS, whatever the scheme of the endpoints.
	 */
	boolean isWanted() {
		return (this.enabled != null) ? this.enabled : StringUtils.hasText(this.bundle);
	}

	/**
	 * The bundle to use.
	 * @return the name of the bundle, or {@code null} if there is none or TLS is disabled
	 */
	public @Nullable String bundleInUse() {
		return (isWanted() && StringUtils.hasText(this.bundle)) ? this.bundle : null;
	}

}
