package io.github.etcddiscovery.client;

import java.net.URI;
import java.util.Locale;

/**
 * The address at which one member of etcd serves its clients.
 *
 * @param host a name or an address; an IPv6 address is in brackets
 * @param port the port
 * @param tls whether the member speaks TLS
 */
record Endpoint(String host, int port, boolean tls) {

	/**
	 * Parse a client URL.
	 * @param url a URL that was validated before
	 */
	static Endpoint of(String url) {
		URI uri = URI.create(url);
		return new Endpoint(uri.getHost(), uri.getPort(), "https".equals(uri.getScheme().toLowerCase(Locale.ROOT)));
	}

	/**
	 * Host and port. The certificate of the member must be for this host.
	 */
	String authority() {
		return this.host + ":" + this.port;
	}

	@Override
	public String toString() {
		return (this.tls ? "https://" : "http://") + authority();
	}

}
