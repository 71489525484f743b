package io.github.etcddiscovery.autoconfigure;

import java.net.InetAddress;

import io.github.etcddiscovery.registry.EtcdAutoServiceRegistration;
import io.github.etcddiscovery.registry.EtcdRegistration;
import io.github.etcddiscovery.registry.EtcdRegistrationProperties;
import io.github.etcddiscovery.registry.EtcdServiceRegistry;
import io.github.etcddiscovery.registry.RegistrationFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.cloud.client.serviceregistry.AutoServiceRegistrationAutoConfiguration;
import org.springframework.cloud.client.serviceregistry.AutoServiceRegistrationProperties;
import org.springframework.cloud.client.serviceregistry.RegistrationLifecycle;
import org.springframework.cloud.client.serviceregistry.RegistrationManagementLifecycle;
import org.springframework.cloud.commons.util.InetUtils;
import org.springframework.cloud.commons.util.UtilAutoConfiguration;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Fallback;
import org.springframework.core.env.Environment;

/**
 * Auto-configuration that registers the application itself. Its beans give way to those
 * of another registry beside it where Spring Cloud takes one only, such as its own
 * auto-configuration and the {@code serviceregistry} endpoint: whoever has both is moving
 * from the other one to this one.
 */
@AutoConfiguration(after = { EtcdServiceRegistryAutoConfiguration.class, AutoServiceRegistrationAutoConfiguration.class,
		UtilAutoConfiguration.class })
@ConditionalOnEtcdDiscoveryEnabled
@ConditionalOnBooleanProperty(
		name = { "spring.cloud.service-registry.auto-registration.enabled", "spring.cloud.etcd.discovery.register" },
		matchIfMissing = true)
@ConditionalOnBean({ EtcdServiceRegistry.class, AutoServiceRegistrationProperties.class })
public final class EtcdAutoServiceRegistrationAutoConfiguration {

	private static final String PREFIX = "spring.cloud.etcd.discovery";

	@Bean
	@Fallback
	@ConditionalOnMissingBean
	EtcdRegistration etcdRegistration(Environment environment, InetUtils inetUtils) {
		return new EtcdRegistration((port) -> factory(environment, inetUtils).create(port));
	}

	@Bean
	@Fallback
	@ConditionalOnMissingBean
	EtcdAutoServiceRegistration etcdAutoServiceRegistration(ApplicationContext context, EtcdServiceRegistry registry,
			EtcdRegistrationProperties properties, AutoServiceRegistrationProperties autoProperties,
			InetUtils inetUtils, EtcdRegistration registration, ApplicationAvailability availability, EtcdLoops loops,
			ObjectProvider<RegistrationLifecycle<EtcdRegistration>> lifecycles,
			ObjectProvider<RegistrationManagementLifecycle<EtcdRegistration>> managementLifecycles) {
		return new EtcdAutoServiceRegistration(context, registry, properties, autoProperties,
				(port) -> factory(context.getEnvironment(), inetUtils).create("-management", port), registration,
				availability, loops.registration(), lifecycles.orderedStream().toList(),
				managementLifecycles.orderedStream().toList());
	}

	/**
	 * Binds anew, since the properties may have been refreshed and the bean that holds
	 * them cannot change.
	 */
	private static RegistrationFactory factory(Environment environment, InetUtils inetUtils) {
		Binder binder = Binder.get(environment);
		EtcdRegistrationProperties properties = binder.bindOrCreate(PREFIX, EtcdRegistrationProperties.class);
		return new RegistrationFactory(properties, environment.getProperty("spring.application.name"), inetUtils,
				address(binder, "server.address"), address(binder, "management.server.address"));
	}

	private static @Nullable InetAddress address(Binder binder, String property) {
		return binder.bind(property, InetAddress.class).orElse(null);
	}

}
