package io.github.etcddiscovery.client;

import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.ssl.SslBundle;

/**
 * The endpoints as they are configured: members, or the domain whose SRV records name
 * them.
 *
 * @param configured what was configured, at least one
 * @param tls whether TLS is spoken
 * @param bundle the SSL bundle, or {@code null} for what the JVM trusts
 */
record Endpoints(List<String> configured, boolean tls, @Nullable SslBundle bundle) {

	/**
	 * Check what connection details say.
	 * @param details the connection details
	 * @param tlsWanted whether TLS is asked for where the endpoints don't say
	 * @throws IllegalStateException if they contradict themselves
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
	 * Whether the members must be looked up in the domain name system.
	 */
	boolean areLookedUp() {
		return SrvRecords.isDomain(this.configured.get(0));
	}

	/**
	 * The members. Takes a while where they are looked up.
	 * @throws IllegalStateException if they can't be looked up
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
	 * For messages.
	 */
	@Override
	public String toString() {
		return String.join(",", this.configured);
	}

}
