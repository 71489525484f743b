package io.github.etcddiscovery.console.it;

import io.github.etcddiscovery.testing.EtcdExtension;

import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication.Type;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.config.web.server.ServerHttpSecurity.CsrfSpec;
import org.springframework.security.config.web.server.ServerHttpSecurity.HeaderSpec;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.server.SecurityWebFilterChain;

/**
 * An application that shows the console.
 */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
class Application {

	/**
	 * As it is without Spring Security.
	 */
	@Bean
	@ConditionalOnWebApplication(type = Type.SERVLET)
	@ConditionalOnProperty(name = "secured", havingValue = "false", matchIfMissing = true)
	static SecurityFilterChain openToAll(HttpSecurity http) {
		return http.csrf(AbstractHttpConfigurer::disable).headers(AbstractHttpConfigurer::disable).build();
	}

	@Bean
	@ConditionalOnWebApplication(type = Type.REACTIVE)
	@ConditionalOnProperty(name = "secured", havingValue = "false", matchIfMissing = true)
	static SecurityWebFilterChain reactiveOpenToAll() {
		return ServerHttpSecurity.http().csrf(CsrfSpec::disable).headers(HeaderSpec::disable).build();
	}

	static ConfigurableApplicationContext run(EtcdExtension etcd, WebApplicationType type, String... arguments) {
		return new SpringApplicationBuilder(Application.class).web(type)
			.properties("spring.application.name=shop", "spring.cloud.etcd.endpoints=" + etcd.clientUrl(),
					"spring.cloud.etcd.discovery.ip-address=127.0.0.1",
					"spring.cloud.etcd.discovery.instance-id=shop-1", "spring.cloud.etcd.discovery.drain=0s",
					"server.address=127.0.0.1", "server.port=0",
					"management.endpoints.web.exposure.include=etcdconsole,health")
			.bannerMode(Banner.Mode.OFF)
			.run(arguments);
	}

	static String console(ConfigurableApplicationContext context) {
		return console(context, "local.server.port");
	}

	static String console(ConfigurableApplicationContext context, String portProperty) {
		return "http://127.0.0.1:" + context.getEnvironment().getRequiredProperty(portProperty)
				+ "/actuator/etcdconsole";
	}

}
