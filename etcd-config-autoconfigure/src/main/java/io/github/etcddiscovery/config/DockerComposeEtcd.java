package io.github.etcddiscovery.config;

import java.util.LinkedHashMap;
import java.util.Map;

import io.github.etcddiscovery.client.EtcdConnectionDetails;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.event.ApplicationPreparedEvent;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.ApplicationListener;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.util.ClassUtils;

/**
 * The etcd that Spring Boot runs with Docker Compose. Spring Boot starts its services
 * when the context is prepared, which is too late for an import. So this class lets
 * Spring Boot's own listener start them earlier, for a context that is thrown away; when
 * the listener is called for the application's context, the services are running already.
 * They are stopped with the JVM, as usual.
 */
final class DockerComposeEtcd {

	private static final String LISTENER = "org.springframework.boot.docker.compose.lifecycle.DockerComposeListener";

	private static final String PREFIX = "spring.docker.compose";

	private DockerComposeEtcd() {
	}

	/**
	 * Start the services, if Docker Compose is enabled.
	 * @param binder binds the properties known so far
	 * @return the connection details of etcd, or {@code null} if no service is etcd
	 */
	@SuppressWarnings("unchecked")
	static @Nullable EtcdConnectionDetails start(Binder binder) {
		if (!ClassUtils.isPresent(LISTENER, null)) {
			return null;
		}
		SpringApplication application = new SpringApplication();
		try (GenericApplicationContext context = new GenericApplicationContext()) {
			context.getEnvironment().getPropertySources().addFirst(properties(binder));
			for (ApplicationListener<?> listener : application.getListeners()) {
				if (listener.getClass().getName().equals(LISTENER)) {
					((ApplicationListener<ApplicationPreparedEvent>) listener)
						.onApplicationEvent(new ApplicationPreparedEvent(application, new String[0], context));
				}
			}
			return context.getBeanFactory().getBeanProvider(EtcdConnectionDetails.class).getIfUnique();
		}
	}

	private static MapPropertySource properties(Binder binder) {
		Map<String, Object> properties = new LinkedHashMap<>();
		binder.bind(PREFIX, Bindable.mapOf(String.class, String.class))
			.ifBound((bound) -> bound.forEach((name, value) -> properties.put(PREFIX + "." + name, value)));
		return new MapPropertySource(PREFIX, properties);
	}

}
