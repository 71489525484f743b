package io.github.etcddiscovery.console;

import java.util.List;

import jakarta.servlet.Filter;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.actuate.autoconfigure.endpoint.web.WebEndpointProperties;
import org.springframework.boot.actuate.autoconfigure.web.ManagementContextConfiguration;
import org.springframework.boot.actuate.autoconfigure.web.ManagementContextType;
import org.springframework.boot.actuate.endpoint.EndpointId;
import org.springframework.boot.actuate.endpoint.web.PathMapper;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication.Type;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * The filters of the console, in the context of the actuator.
 */
@ManagementContextConfiguration(value = ManagementContextType.ANY, proxyBeanMethods = false)
@ConditionalOnAvailableEndpoint(EtcdConsoleEndpoint.class)
public final class ConsoleManagementContextConfiguration {

	private static ConsoleHeaders headers(WebEndpointProperties properties, ObjectProvider<PathMapper> pathMappers) {
		List<PathMapper> mappers = pathMappers.orderedStream().toList();
		return new ConsoleHeaders(properties.getBasePath() + "/"
				+ PathMapper.getRootPath(mappers, EndpointId.of(EtcdConsoleEndpoint.ID)));
	}

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnWebApplication(type = Type.SERVLET)
	static class ServletConfiguration {

		@Bean
		FilterRegistrationBean<Filter> etcdConsoleFilter(WebEndpointProperties properties,
				ObjectProvider<PathMapper> pathMappers) {
			return new FilterRegistrationBean<>(new ConsoleFilter(headers(properties, pathMappers)));
		}

	}

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnWebApplication(type = Type.REACTIVE)
	static class ReactiveConfiguration {

		@Bean
		ConsoleWebFilter etcdConsoleWebFilter(WebEndpointProperties properties,
				ObjectProvider<PathMapper> pathMappers) {
			return new ConsoleWebFilter(headers(properties, pathMappers));
		}

	}

}
