package io.github.etcddiscovery.client;

import org.jspecify.annotations.Nullable;

import org.springframework.util.StringUtils;

/**
 * TLS between the application and etcd.
 *
 * @param enabled whether to speak TLS; by default what the endpoints say, true with a
 * bundle
 * @param bundle name of the SSL bundle with the authorities that are trusted and, if etcd
 * asks for it, this application's certificate; without one the JVM's own are trusted
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
