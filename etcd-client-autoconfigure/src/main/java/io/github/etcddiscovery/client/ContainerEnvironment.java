package io.github.etcddiscovery.client;

import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.util.StringUtils;

/**
 * Reads how to connect to the etcd in a container from the container's environment and
 * command: whether etcd speaks TLS and with which certificate, and which user to
 * authenticate as. The user is that of {@code ETCDCTL_USER}, which {@code etcdctl} uses
 * in the container, or else {@code root} with {@code ETCD_ROOT_PASSWORD}, which makes
 * Bitnami's image enable authentication.
 */
public final class ContainerEnvironment {

	/**
	 * The port at which etcd serves clients.
	 */
	public static final int CLIENT_PORT = 2379;

	private static final String[] IMAGES = { "etcd", "coreos/etcd", "etcd-development/etcd", "bitnami/etcd",
			"bitnamilegacy/etcd" };

	private static final Set<String> CERT_FILE = Set.of("--cert-file", "-cert-file");

	private static final Set<String> AUTO_TLS = Set.of("--auto-tls", "-auto-tls", "--auto-tls=true", "-auto-tls=true");

	private final Map<String, @Nullable String> variables;

	private final List<String> command;

	/**
	 * Create an environment.
	 * @param variables the environment variables of the container
	 * @param command the command of the container; empty if it is unknown
	 */
	public ContainerEnvironment(Map<String, ? extends @Nullable String> variables, List<String> command) {
		this.variables = new HashMap<>(variables);
		this.command = List.copyOf(command);
	}

	/**
	 * The names of the images that are known to be etcd: the official ones and Bitnami's.
	 * @return the names, without registry and tag
	 */
	public static String[] images() {
		return IMAGES.clone();
	}

	/**
	 * The client URL.
	 * @param host the host that publishes the port of the container
	 * @param port the port of that host which maps to {@link #CLIENT_PORT}
	 * @param tls whether to use TLS even if the container does not mention it
	 * @return an http or https URL
	 */
	public String endpoint(String host, int port, boolean tls) {
		return "%s://%s:%d".formatted((tls || servesTls()) ? "https" : "http", host, port);
	}

	private boolean servesTls() {
		return certificateFile() != null || "true".equals(value("ETCD_AUTO_TLS"))
				|| StringUtils.startsWithIgnoreCase(value("ETCD_LISTEN_CLIENT_URLS"), "https:")
				|| this.command.stream().anyMatch(AUTO_TLS::contains);
	}

	/**
	 * The server certificate of etcd.
	 * @return the path of the file in the container, or {@code null} if none is
	 * configured
	 */
	public @Nullable String certificateFile() {
		Iterator<String> arguments = this.command.iterator();
		while (arguments.hasNext()) {
			String[] flag = arguments.next().split("=", 2);
			if (CERT_FILE.contains(flag[0]) && (flag.length == 2 || arguments.hasNext())) {
				return (flag.length == 2) ? flag[1] : arguments.next();
			}
		}
		return value("ETCD_CERT_FILE");
	}

	/**
	 * The user to authenticate as.
	 * @return the user, or {@code null} if there is none
	 */
	public @Nullable String username() {
		return (password() != null) ? credentials()[0] : null;
	}

	/**
	 * The user's password.
	 * @return the password, or {@code null} if there is no user
	 */
	public @Nullable String password() {
		return credentials()[1];
	}

	private @Nullable String[] credentials() {
		String user = value("ETCDCTL_USER");
		if (user == null) {
			return new @Nullable String[] { "root", value("ETCD_ROOT_PASSWORD") };
		}
		int colon = user.indexOf(':');
		return (colon < 0) ? new @Nullable String[] { user, value("ETCDCTL_PASSWORD") }
				: new @Nullable String[] { user.substring(0, colon), user.substring(colon + 1) };
	}

	private @Nullable String value(String name) {
		String value = this.variables.get(name);
		return StringUtils.hasText(value) ? value : null;
	}

}
