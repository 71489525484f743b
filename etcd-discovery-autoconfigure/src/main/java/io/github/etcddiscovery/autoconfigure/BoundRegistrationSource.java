package io.github.etcddiscovery.autoconfigure;

import java.net.InetAddress;

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.registry.ApplicationPaths;
import io.github.etcddiscovery.registry.EtcdRegistrationProperties;
import io.github.etcddiscovery.registry.FoundHost;
import io.github.etcddiscovery.registry.LocalServer;
import io.github.etcddiscovery.registry.LocalServers;
import io.github.etcddiscovery.registry.RegistrationFactory;
import io.github.etcddiscovery.registry.RegistrationSource;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.web.context.reactive.ReactiveWebApplicationContext;
import org.springframework.boot.web.server.Ssl;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.cloud.commons.util.InetUtils;
import org.springframework.context.ApplicationContext;
import org.springframework.core.env.Environment;
import org.springframework.util.ClassUtils;
import org.springframework.util.StringUtils;

/**
 * Binds the properties again each time, because they may have been refreshed while the
 * properties bean cannot change. Ids, host names and addresses keep their first values.
 */
final class BoundRegistrationSource implements RegistrationSource {

	private static final boolean ACTUATOR = ClassUtils.isPresent(
			"org.springframework.boot.actuate.autoconfigure.endpoint.web.WebEndpointProperties",
			BoundRegistrationSource.class.getClassLoader());

	private final ApplicationContext context;

	private final Environment environment;

	private final SteadyPlaceholders properties;

	private final FoundHost found;

	BoundRegistrationSource(ApplicationContext context, InetUtils inetUtils) {
		this.context = context;
		this.environment = context.getEnvironment();
		this.properties = new SteadyPlaceholders(this.environment);
		this.found = new FoundHost(inetUtils);
	}

	@Override
	public EtcdServiceInstance preview() {
		return factory(true).create(new LocalServers(expectedServer(), LocalServer.NONE));
	}

	@Override
	public EtcdServiceInstance application(LocalServers servers) {
		return factory(false).create(servers);
	}

	@Override
	public EtcdServiceInstance management(EtcdServiceInstance application, LocalServer server) {
		return factory(false).management(application, server);
	}

	private RegistrationFactory factory(boolean early) {
		return new RegistrationFactory(
				this.properties.bind("spring.cloud.etcd.discovery", EtcdRegistrationProperties.class, early),
				this.properties.get("spring.application.name", early), this.found, paths());
	}

	/**
	 * The web server as the properties configure it, before it has started.
	 */
	private LocalServer expectedServer() {
		if (!(this.context instanceof WebServerApplicationContext)) {
			return LocalServer.NONE;
		}
		Binder binder = Binder.get(this.environment);
		return new LocalServer(Math.max(0, binder.bind("server.port", Integer.class).orElse(8080)),
				Ssl.isEnabled(binder.bind("server.ssl", Ssl.class).orElse(null)),
				binder.bind("server.address", InetAddress.class).orElse(null));
	}

	private String path(String property) {
		return normalized(this.environment.getProperty(property, ""));
	}

	/**
	 * The path with a leading slash and without a trailing one.
	 */
	private static String normalized(String path) {
		String stripped = StringUtils.trimTrailingCharacter(path.strip(), '/');
		return (stripped.isEmpty() || stripped.startsWith("/")) ? stripped : "/" + stripped;
	}

	private ApplicationPaths paths() {
		boolean reactive = this.context instanceof ReactiveWebApplicationContext;
		String application = path(reactive ? "spring.webflux.base-path" : "server.servlet.context-path");
		if (!ACTUATOR || "-1".equals(this.environment.getProperty("management.server.port"))) {
			return new ApplicationPaths(application, null, null, null);
		}
		String dispatcher = reactive ? "" : path("spring.mvc.servlet.path");
		String endpoints = normalized(this.environment.getProperty("management.endpoints.web.base-path", "/actuator"));
		return new ApplicationPaths(application, application + dispatcher + endpoints,
				path("management.server.base-path") + endpoints,
				this.environment.getProperty("management.endpoints.web.path-mapping.health"));
	}

}
