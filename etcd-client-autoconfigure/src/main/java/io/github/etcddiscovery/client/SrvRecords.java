package io.github.etcddiscovery.client;

import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Hashtable;
import java.util.List;

import javax.naming.Context;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.directory.InitialDirContext;

import org.jspecify.annotations.Nullable;

import org.springframework.util.StringUtils;

/**
 * Finds the members of etcd by the SRV records of a domain, like etcd's own clients with
 * {@code --discovery-srv}: {@code _etcd-client-ssl._tcp} where TLS is configured,
 * otherwise {@code _etcd-client._tcp}.
 *
 * @param server the name server to ask, or {@code null} for the system's
 * @param domain the domain
 * @param tls whether TLS is configured
 */
record SrvRecords(@Nullable String server, String domain, boolean tls) {

	static final String SCHEME = "dns+srv";

	private static final String ATTRIBUTE = "SRV";

	/**
	 * Parse an endpoint that names a domain.
	 * @param endpoint {@code dns+srv://domain} or {@code dns+srv://server:port/domain}
	 * @param tls whether TLS is configured
	 */
	static SrvRecords of(String endpoint, boolean tls) {
		URI uri = URI.create(endpoint);
		String path = (uri.getPath() != null) ? uri.getPath().replace("/", "") : "";
		return path.isEmpty() ? new SrvRecords(null, uri.getAuthority(), tls)
				: new SrvRecords(uri.getAuthority(), path, tls);
	}

	/**
	 * Whether an endpoint names a domain, not a member.
	 */
	static boolean isDomain(String endpoint) {
		return StringUtils.startsWithIgnoreCase(endpoint, SCHEME + ":");
	}

	String name() {
		return (this.tls ? "_etcd-client-ssl._tcp." : "_etcd-client._tcp.") + this.domain;
	}

	/**
	 * Query the name server. Blocks for seconds if it does not answer.
	 * @return the members, in the order of their priority
	 * @throws IllegalStateException if there are no records, or the name server does not
	 * answer
	 */
	// The result of a DNS look-up is text and never deserialized
	@SuppressWarnings("BanJNDI")
	List<Endpoint> lookUp() {
		Hashtable<String, String> environment = new Hashtable<>();
		environment.put(Context.INITIAL_CONTEXT_FACTORY, "com.sun.jndi.dns.DnsContextFactory");
		environment.put(Context.PROVIDER_URL, (this.server != null) ? "dns://" + this.server : "dns:");
		environment.put("com.sun.jndi.dns.timeout.initial", "500");
		environment.put("com.sun.jndi.dns.timeout.retries", "2");
		try {
			InitialDirContext context = new InitialDirContext(environment);
			try {
				Attribute records = context.getAttributes(name(), new String[] { ATTRIBUTE }).get(ATTRIBUTE);
				List<Record> found = new ArrayList<>();
				if (records != null) {
					for (Object record : Collections.list(records.getAll())) {
						found.add(Record.of(record.toString()));
					}
				}
				if (found.isEmpty()) {
					throw new IllegalStateException("There is no SRV record '%s'".formatted(name()));
				}
				return found.stream()
					.sorted(Comparator.comparingInt(Record::priority))
					.map((record) -> new Endpoint(record.host(), record.port(), this.tls))
					.toList();
			}
			finally {
				context.close();
			}
		}
		catch (NamingException ex) {
			throw new IllegalStateException(
					"The SRV records '%s' can't be looked up (%s)".formatted(name(),
							StringUtils.hasText(ex.getMessage()) ? ex.getMessage() : ex.getClass().getSimpleName()),
					ex);
		}
	}

	private record Record(int priority, int port, String host) {

		static Record of(String text) {
			String[] fields = text.split(" ");
			String host = fields[3];
			return new Record(Integer.parseInt(fields[0]), Integer.parseInt(fields[2]),
					host.endsWith(".") ? host.substring(0, host.length() - 1) : host);
		}

	}

}
