package io.github.etcddiscovery.loadbalancer;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.reactive.ReactiveLoadBalancer;
import org.springframework.cloud.gateway.server.mvc.config.RouteProperties;
import org.springframework.cloud.gateway.server.mvc.handler.HandlerFunctionDefinition;
import org.springframework.core.Ordered;
import org.springframework.web.servlet.function.HandlerFilterFunction;
import org.springframework.web.servlet.function.HandlerFunction;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.function.RouterFunctions;
import org.springframework.web.servlet.function.ServerRequest;
import org.springframework.web.servlet.function.ServerResponse;

/**
 * Makes the blocking Spring Cloud Gateway retry a request on another instance if its body
 * has not been read. For each route to {@code lb://…} in the properties, the retry wraps
 * the choice of the instance; for routes written in Java, it wraps all their filters.
 */
public final class GatewayMvcRetryPostProcessor implements BeanPostProcessor {

	private static final String DEFINITION = "lbHandlerFunctionDefinition";

	private final ObjectProvider<ReactiveLoadBalancer.Factory<ServiceInstance>> factory;

	/**
	 * Create a post-processor.
	 * @param factory knows the load balancer properties of each service
	 */
	public GatewayMvcRetryPostProcessor(ObjectProvider<ReactiveLoadBalancer.Factory<ServiceInstance>> factory) {
		this.factory = factory;
	}

	@Override
	@SuppressWarnings("unchecked")
	public Object postProcessAfterInitialization(Object bean, String beanName) {
		if (beanName.equals(DEFINITION) && bean instanceof Function<?, ?> function) {
			Function<RouteProperties, HandlerFunctionDefinition> definition = (Function<RouteProperties, HandlerFunctionDefinition>) function;
			return (Function<RouteProperties, HandlerFunctionDefinition>) (route) -> around(definition.apply(route));
		}
		if (bean instanceof RouterFunction<?> function) {
			RouterFunction<ServerResponse> routes = (RouterFunction<ServerResponse>) function;
			return (bean instanceof Ordered ordered) ? new OrderedRoutes(routes, ordered) : new Routes(routes);
		}
		return bean;
	}

	private HandlerFunctionDefinition around(HandlerFunctionDefinition definition) {
		List<HandlerFilterFunction<ServerResponse, ServerResponse>> filters = new ArrayList<>();
		filters.add(this::handle);
		filters.addAll(definition.higherPrecedenceFilters());
		return new HandlerFunctionDefinition.Default("lb", definition.handlerFunction(),
				definition.lowerPrecedenceFilters(), filters);
	}

	private ServerResponse handle(ServerRequest request, HandlerFunction<ServerResponse> next) throws Exception {
		while (true) {
			try {
				return next.handle(request);
			}
			catch (Exception ex) {
				if (!mayRetry(request, ex)) {
					throw ex;
				}
			}
		}
	}

	private boolean mayRetry(ServerRequest request, Exception failure) {
		ProxiedRequest proxied = proxied(request);
		ServiceInstance tried = (proxied != null) ? proxied.tried() : null;
		if (proxied == null || tried == null) {
			return false;
		}
		GatewayRetry rule = GatewayRetry.of(this.factory.getObject(), tried.getServiceId(), request.method());
		return rule.isAllowed(failure) && proxied.mayRetry(rule.most());
	}

	private static @Nullable ProxiedRequest proxied(ServerRequest request) {
		return (request.attributes().get(TriedInstances.ATTRIBUTE) instanceof ProxiedRequest proxied) ? proxied : null;
	}

	private class Routes implements RouterFunction<ServerResponse> {

		private final RouterFunction<ServerResponse> routes;

		Routes(RouterFunction<ServerResponse> routes) {
			this.routes = routes;
		}

		@Override
		public Optional<HandlerFunction<ServerResponse>> route(ServerRequest request) {
			return this.routes.route(request).map((handler) -> (proxied) -> handle(proxied, handler));
		}

		@Override
		public void accept(RouterFunctions.Visitor visitor) {
			this.routes.accept(visitor);
		}

		@Override
		public String toString() {
			return this.routes.toString();
		}

	}

	private final class OrderedRoutes extends Routes implements Ordered {

		private final Ordered ordered;

		OrderedRoutes(RouterFunction<ServerResponse> routes, Ordered ordered) {
			super(routes);
			this.ordered = ordered;
		}

		@Override
		public int getOrder() {
			return this.ordered.getOrder();
		}

	}

}
