package io.github.etcddiscovery.client;

import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.ssl.SslBundle;

/**
 * The configured endpoints: members, or the domain whose SRV records name the members.
 *
 * @param configured the configured URLs, at least one
 * @param tls whether TLS is spoken
 * @param bundle the SSL bundle, or {@code null} to use the JVM's trust store
 */
record Endpoints(List<String> configured, boolean tls, @Nullable SslBundle bundle) {

	/**
	 * Read and validate connection details.
	 * @param details the connection details
	 * @param tlsWanted whether to use TLS where the endpoints don't say
	 * @throws IllegalStateException if the details are contradictory
	 */
	static Endpoints of(EtcdConnectionDetails details, boolean tlsWanted) {
		List<String> configured = List.copyOf(details.getEndpoints());
		SslBundle bundle = details.getSslBundle();
		String all = String.join(",", configured);
		if (SrvRecords.isDomain(configured.get(0))) {
			return new Endpoints(configured, tlsWanted || bundle != null, bundle);
		}
		boolean https = EtcdProperties.isHttps(configured);
		if (configured.stream().anyMatch((endpoint) -> EtcdProperties.isHttps(List.of(endpoint)) != https)) {
			throw new IllegalStateException("The endpoints of etcd must be all http or all https: " + all);
		}
		if (!https && bundle != null) {
			throw new IllegalStateException(
					"There is an SSL bundle for etcd, so its endpoints must begin with https://: " + all);
		}
		return new Endpoints(configured, https, bundle);
	}

	/**
	 * Whether the members must be looked up in DNS.
	 */
	boolean areLookedUp() {
		return SrvRecords.isDomain(this.configured.get(0));
	}

	/**
	 * The members. May block for seconds where they are looked up in DNS.
	 * @throws IllegalStateException if the look-up fails
	 */
	List<Endpoint> members() {
		if (areLookedUp()) {
			return records().lookUp();
		}
		return this.configured.stream().map(Endpoint::of).toList();
	}

	SrvRecords records() {
		return SrvRecords.of(this.configured.get(0), this.tls);
	}

	/**
	 * The configured URLs, for messages.
	 */
	@Override
	public String toString() {
		return String.join(",", this.configured);
	}

}
