package io.github.etcddiscovery.console.server;

import java.net.InetAddress;

import org.springframework.beans.factory.InitializingBean;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;

/**
 * Lets the server listen beyond the loopback interface only with a login, or if anonymous
 * access is allowed explicitly.
 */
final class OpenServerCheck implements InitializingBean {

	static final String ALLOW = "etcd.console.server.allow-anonymous";

	private final Environment environment;

	OpenServerCheck(Environment environment) {
		this.environment = environment;
	}

	@Override
	public void afterPropertiesSet() {
		check("server.address");
		if (this.environment.containsProperty("management.server.port")) {
			check("management.server.address");
		}
	}

	private void check(String property) {
		InetAddress address = Binder.get(this.environment).bind(property, InetAddress.class).orElse(null);
		boolean own = address != null && address.isLoopbackAddress();
		boolean login = this.environment.containsProperty(EtcdConsoleServerApplication.PASSWORD);
		if (!own && !login && !this.environment.getProperty(ALLOW, Boolean.class, false)) {
			throw new OpenServerException(property, (address != null) ? address.getHostAddress() : "every address");
		}
	}

	/**
	 * The server would show the registry to anyone.
	 */
	static final class OpenServerException extends RuntimeException {

		private final String property;

		OpenServerException(String property, String address) {
			super("The console would listen on %s ('%s') and has no login".formatted(address, property));
			this.property = property;
		}

		String property() {
			return this.property;
		}

	}

}
