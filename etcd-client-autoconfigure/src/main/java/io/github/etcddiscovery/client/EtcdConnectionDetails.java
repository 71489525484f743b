package io.github.etcddiscovery.client;

import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.autoconfigure.service.connection.ConnectionDetails;
import org.springframework.boot.ssl.SslBundle;

/**
 * What is needed to reach etcd: the one door through which it comes, be it from
 * properties, a container of a test or Docker Compose. User and password are asked for
 * again at each log-in and the SSL bundle at each TLS handshake, so they may change while
 * the application runs; endpoints count when a connection is replaced.
 */
public interface EtcdConnectionDetails extends ConnectionDetails {

	/**
	 * Client URLs of the members.
	 * @return at least one, all http or all https
	 */
	List<String> getEndpoints();

	/**
	 * The user to authenticate as.
	 * @return the user, or {@code null} if etcd asks for none
	 */
	default @Nullable String getUsername() {
		return null;
	}

	/**
	 * The user's password.
	 * @return the password, or {@code null} if there is no user
	 */
	default @Nullable String getPassword() {
		return null;
	}

	/**
	 * What is trusted, and what this application shows itself with. The name of the host
	 * is always verified.
	 * @return the bundle, or {@code null} for what the JVM trusts
	 */
	default @Nullable SslBundle getSslBundle() {
		return null;
	}

}
