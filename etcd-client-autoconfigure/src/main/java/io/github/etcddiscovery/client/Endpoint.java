package io.github.etcddiscovery.client;

import java.net.URI;
import java.util.Locale;

/**
 * Where one member of etcd serves its clients.
 *
 * @param host a name or an address; an IPv6 address stands in brackets
 * @param port the port
 * @param tls whether it speaks TLS
 */
record Endpoint(String host, int port, boolean tls) {

	/**
	 * The endpoint that a client URL names.
	 * @param url the URL, which was checked before
	 */
	static Endpoint of(String url) {
		URI uri = URI.create(url);
		return new Endpoint(uri.getHost(), uri.getPort(), "https".equals(uri.getScheme().toLowerCase(Locale.ROOT)));
	}

	/**
	 * Host and port, which is also whom the certificate must be for.
	 */
	String authority() {
		return this.host + ":" + this.port;
	}

	@Override
	public String toString() {
		return (this.tls ? "https://" : "http://") + authority();
	}

}
