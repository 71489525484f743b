package io.github.etcddiscovery.loadbalancer;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.reactive.ReactiveLoadBalancer;
import org.springframework.cloud.gateway.server.mvc.config.RouteProperties;
import org.springframework.cloud.gateway.server.mvc.handler.HandlerFunctionDefinition;
import org.springframework.http.HttpMethod;
import org.springframework.web.servlet.function.HandlerFilterFunction;
import org.springframework.web.servlet.function.HandlerFunction;
import org.springframework.web.servlet.function.ServerRequest;
import org.springframework.web.servlet.function.ServerResponse;

/**
 * Tries a {@code GET} request of the blocking Spring Cloud Gateway on another instance,
 * for each route to {@code lb://…} in the properties. Requests of other methods may have
 * a body, of which the first try may have taken a part.
 */
public final class GatewayMvcRetryPostProcessor implements BeanPostProcessor {

	private static final String DEFINITION = "lbHandlerFunctionDefinition";

	private final ObjectProvider<ReactiveLoadBalancer.Factory<ServiceInstance>> factory;

	/**
	 * Create a post-processor.
	 * @param factory knows the properties of each service
	 */
	public GatewayMvcRetryPostProcessor(ObjectProvider<ReactiveLoadBalancer.Factory<ServiceInstance>> factory) {
		this.factory = factory;
	}

	@Override
	@SuppressWarnings("unchecked")
	public Object postProcessAfterInitialization(Object bean, String beanName) {
		if (beanName.equals(DEFINITION) && bean instanceof Function<?, ?> function) {
			Function<RouteProperties, HandlerFunctionDefinition> definition = (Function<RouteProperties, HandlerFunctionDefinition>) function;
			return (Function<RouteProperties, HandlerFunctionDefinition>) (route) -> around(route,
					definition.apply(route));
		}
		return bean;
	}

	private HandlerFunctionDefinition around(RouteProperties route, HandlerFunctionDefinition definition) {
		String service = Objects.requireNonNull(route.getUri()).getHost();
		List<HandlerFilterFunction<ServerResponse, ServerResponse>> filters = new ArrayList<>();
		filters.add((request, next) -> handle(service, request, next));
		// Among them is the one that chooses the instance
		filters.addAll(definition.higherPrecedenceFilters());
		return new HandlerFunctionDefinition.Default("lb", definition.handlerFunction(),
				definition.lowerPrecedenceFilters(), filters);
	}

	private ServerResponse handle(String service, ServerRequest request, HandlerFunction<ServerResponse> next)
			throws Exception {
		GatewayRetry rule = GatewayRetry.of(this.factory.getObject(), service, request.method());
		for (int retries = 0;; retries++) {
			try {
				return next.handle(request);
			}
			catch (Exception ex) {
				if (retries >= rule.most() || !HttpMethod.GET.equals(request.method()) || !rule.isAllowed(ex)) {
					throw ex;
				}
			}
		}
	}

}
