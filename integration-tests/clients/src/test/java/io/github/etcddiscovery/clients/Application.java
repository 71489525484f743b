package io.github.etcddiscovery.clients;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication.Type;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.cloud.gateway.route.builder.RouteLocatorBuilder;
import org.springframework.cloud.gateway.server.mvc.filter.BeforeFilterFunctions;
import org.springframework.cloud.gateway.server.mvc.filter.LoadBalancerFilterFunctions;
import org.springframework.cloud.gateway.server.mvc.handler.GatewayRouterFunctions;
import org.springframework.cloud.gateway.server.mvc.handler.HandlerFunctions;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.servlet.function.RequestPredicates;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.function.ServerResponse;

/**
 * The applications that the clients run in.
 */
enum Application {

	PLAIN(PlainApplication.class, WebApplicationType.NONE,
			withoutBlockingGateway(Map.of("spring.http.serviceclient.reactive-shop.base-url", "lb://shop"))),

	GATEWAY(GatewayApplication.class, WebApplicationType.SERVLET, gateway("webmvc")),

	REACTIVE_GATEWAY(GatewayApplication.class, WebApplicationType.REACTIVE, withoutBlockingGateway(gateway("webflux")));

	private final Class<?> source;

	private final WebApplicationType type;

	private final Map<String, String> properties;

	Application(Class<?> source, WebApplicationType type, Map<String, String> properties) {
		this.source = source;
		this.type = type;
		this.properties = properties;
	}

	/**
	 * Of the blocking gateway its property switches off only a part.
	 */
	private static Map<String, String> withoutBlockingGateway(Map<String, String> properties) {
		String gateway = "org.springframework.cloud.gateway.server.mvc.";
		Map<String, String> all = new TreeMap<>(properties);
		all.put("spring.autoconfigure.exclude",
				Stream
					.of("GatewayServerMvcAutoConfiguration", "GatewayMvcClassPathWarningAutoConfiguration",
							"filter.FilterAutoConfiguration", "handler.HandlerFunctionAutoConfiguration",
							"handler.GatewayMultipartAutoConfiguration", "predicate.PredicateAutoConfiguration",
							"config.DefaultFunctionConfiguration")
					.map(gateway::concat)
					.collect(Collectors.joining(",")));
		return all;
	}

	/**
	 * Not for {@code /error}, to which a failed request is dispatched again.
	 */
	private static Map<String, String> gateway(String server) {
		String prefix = "spring.cloud.gateway.server." + server + ".";
		return Map.of(prefix + "enabled", "true", prefix + "routes[0].id", "shop", prefix + "routes[0].uri",
				"lb://shop", prefix + "routes[0].predicates[0]", "Path=/,/echo/**", prefix + "routes[1].id", "chat",
				prefix + "routes[1].uri", "lb:ws://chat", prefix + "routes[1].predicates[0]", "Path=/talk",
				"spring.cloud.gateway.server.webflux.discovery.locator.enabled", "true",
				"spring.cloud.etcd.gateway.locator.enabled", "true");
	}

	ConfigurableApplicationContext run(String etcd, String... arguments) {
		SpringApplication application = new SpringApplication(this.source);
		application.setWebApplicationType(this.type);
		application.setBannerMode(Banner.Mode.OFF);
		Map<String, Object> all = new TreeMap<>(Map.of("spring.application.name", "consumer",
				"spring.cloud.etcd.endpoints", etcd, "spring.cloud.etcd.discovery.register", "false", "server.address",
				"127.0.0.1", "server.port", "0", "spring.cloud.gateway.server.webflux.enabled", "false",
				"spring.reactor.netty.shutdown-quiet-period", "0s"));
		all.putAll(this.properties);
		application.setDefaultProperties(all);
		return application.run(arguments);
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class GatewayApplication {

		@Configuration(proxyBeanMethods = false)
		@ConditionalOnWebApplication(type = Type.SERVLET)
		static class JavaRoutes {

			@Bean
			RouterFunction<ServerResponse> javaRoute() {
				return GatewayRouterFunctions.route("java")
					.route(RequestPredicates.path("/java/**"), HandlerFunctions.http())
					.filter(LoadBalancerFilterFunctions.lb("shop"))
					.before(BeforeFilterFunctions.stripPrefix(1))
					.build();
			}

		}

		@Configuration(proxyBeanMethods = false)
		@ConditionalOnWebApplication(type = Type.REACTIVE)
		static class ReactiveJavaRoutes {

			@Bean
			RouteLocator javaRoute(RouteLocatorBuilder builder) {
				return builder.routes()
					.route("java",
							(route) -> route.path("/java/**")
								.filters((filters) -> filters.stripPrefix(1))
								.uri("lb://shop"))
					.build();
			}

		}

	}

}
