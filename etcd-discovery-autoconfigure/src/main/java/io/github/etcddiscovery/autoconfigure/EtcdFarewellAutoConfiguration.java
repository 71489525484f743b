package io.github.etcddiscovery.autoconfigure;

import io.github.etcddiscovery.loadbalancer.FarewellFilter;
import io.github.etcddiscovery.loadbalancer.FarewellWebFilter;
import io.github.etcddiscovery.registry.EtcdAutoServiceRegistration;
import io.github.etcddiscovery.registry.EtcdRegistration;
import jakarta.servlet.Filter;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication.Type;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.server.WebFilter;

/**
 * Auto-configuration that adds a goodbye to the answers of an application that is
 * leaving.
 */
@AutoConfiguration(after = EtcdAutoServiceRegistrationAutoConfiguration.class)
@ConditionalOnBean({ EtcdAutoServiceRegistration.class, EtcdRegistration.class })
@ConditionalOnBooleanProperty(name = "spring.cloud.etcd.discovery.farewell.enabled", matchIfMissing = true)
public final class EtcdFarewellAutoConfiguration {

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnWebApplication(type = Type.SERVLET)
	@ConditionalOnClass(Filter.class)
	static class ServletFarewellConfiguration {

		@Bean
		@ConditionalOnMissingBean
		FarewellFilter etcdFarewellFilter(EtcdAutoServiceRegistration autoRegistration, EtcdRegistration registration) {
			return new FarewellFilter(autoRegistration, registration);
		}

	}

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnWebApplication(type = Type.REACTIVE)
	@ConditionalOnClass(WebFilter.class)
	static class ReactiveFarewellConfiguration {

		@Bean
		@ConditionalOnMissingBean
		FarewellWebFilter etcdFarewellWebFilter(EtcdAutoServiceRegistration autoRegistration,
				EtcdRegistration registration) {
			return new FarewellWebFilter(autoRegistration, registration);
		}

	}

}
