package io.github.etcddiscovery.autoconfigure;

import io.github.etcddiscovery.client.EtcdLoops;
import io.github.etcddiscovery.registry.EtcdAutoServiceRegistration;
import io.github.etcddiscovery.registry.EtcdRegistration;
import io.github.etcddiscovery.registry.EtcdRegistrationCustomizer;
import io.github.etcddiscovery.registry.EtcdRegistrationProperties;
import io.github.etcddiscovery.registry.EtcdServiceRegistry;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.cloud.client.serviceregistry.AutoServiceRegistrationAutoConfiguration;
import org.springframework.cloud.client.serviceregistry.AutoServiceRegistrationProperties;
import org.springframework.cloud.client.serviceregistry.RegistrationLifecycle;
import org.springframework.cloud.client.serviceregistry.RegistrationManagementLifecycle;
import org.springframework.cloud.commons.util.InetUtils;
import org.springframework.cloud.commons.util.UtilAutoConfiguration;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Fallback;

/**
 * Auto-configuration that registers the application. Where Spring Cloud accepts only one
 * bean of a type, as for the {@code serviceregistry} endpoint, these beans give way to
 * those of another registry, since an application with two registries is migrating from
 * the other one.
 */
@AutoConfiguration(after = { EtcdServiceRegistryAutoConfiguration.class, AutoServiceRegistrationAutoConfiguration.class,
		UtilAutoConfiguration.class })
@ConditionalOnEtcdDiscoveryEnabled
@ConditionalOnBooleanProperty(
		name = { "spring.cloud.service-registry.auto-registration.enabled", "spring.cloud.etcd.discovery.register" },
		matchIfMissing = true)
@ConditionalOnBean({ EtcdServiceRegistry.class, AutoServiceRegistrationProperties.class })
public final class EtcdAutoServiceRegistrationAutoConfiguration {

	@Bean
	BoundRegistrationSource etcdRegistrationSource(ApplicationContext context, InetUtils inetUtils) {
		return new BoundRegistrationSource(context, inetUtils);
	}

	@Bean
	@Fallback
	@ConditionalOnMissingBean
	EtcdRegistration etcdRegistration(BoundRegistrationSource source) {
		return new EtcdRegistration(source);
	}

	@Bean
	@Fallback
	@ConditionalOnMissingBean
	EtcdAutoServiceRegistration etcdAutoServiceRegistration(ApplicationContext context, EtcdServiceRegistry registry,
			EtcdRegistrationProperties properties, AutoServiceRegistrationProperties autoProperties,
			BoundRegistrationSource source, ObjectProvider<EtcdRegistrationCustomizer> customizers,
			EtcdRegistration registration, ApplicationAvailability availability, EtcdLoops loops,
			ObjectProvider<RegistrationLifecycle<EtcdRegistration>> lifecycles,
			ObjectProvider<RegistrationManagementLifecycle<EtcdRegistration>> managementLifecycles) {
		return new EtcdAutoServiceRegistration(context, registry, properties, autoProperties, source,
				customizers.orderedStream().toList(), registration, availability, loops.leases(),
				lifecycles.orderedStream().toList(), managementLifecycles.orderedStream().toList());
	}

}
