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
	 * TLS as the endpoints say, with what the JVM trusts.
	 * @return the properties
	 */
	public static SslProperties none() {
		return new SslProperties(null, null);
	}

	/**
	 * Whether TLS was asked for, apart from what the endpoints say.
	 */
	boolean isWanted() {
		return (this.enabled != null) ? this.enabled : StringUtils.hasText(this.bundle);
	}

	/**
	 * The bundle to use, if any.
	 * @return the name, or {@code null} where there is none or TLS is off
	 */
	public @Nullable String bundleInUse() {
		return (isWanted() && StringUtils.hasText(this.bundle)) ? this.bundle : null;
	}

}
