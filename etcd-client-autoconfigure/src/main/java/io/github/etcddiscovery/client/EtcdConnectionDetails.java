package io.github.etcddiscovery.client;

import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.autoconfigure.service.connection.ConnectionDetails;
import org.springframework.boot.ssl.SslBundle;

/**
 * Where etcd is and how to authenticate: from properties, a container of a test, Docker
 * Compose or a bean of the application. User and password are read at each log-in and the
 * SSL bundle at each TLS handshake, so they may change while the application runs. New
 * endpoints take effect when the connection is replaced.
 */
public interface EtcdConnectionDetails extends ConnectionDetails {

	/**
	 * The client URLs of the members.
	 * @return at least one URL, all http or all https
	 */
	List<String> getEndpoints();

	/**
	 * The user to authenticate as.
	 * @return the user, or {@code null} to connect without authentication
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
	 * The trusted authorities, and the client certificate of this application if etcd
	 * asks for one. The host name of etcd is always verified.
	 * @return the bundle, or {@code null} to use the JVM's trust store
	 */
	default @Nullable SslBundle getSslBundle() {
		return null;
	}

}
