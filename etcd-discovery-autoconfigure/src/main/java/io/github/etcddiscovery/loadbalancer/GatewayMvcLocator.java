package io.github.etcddiscovery.loadbalancer;

import java.net.URI;
import java.util.Optional;

import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.cloud.gateway.server.mvc.filter.LoadBalancerFilterFunctions;
import org.springframework.cloud.gateway.server.mvc.handler.GatewayRouterFunctions;
import org.springframework.cloud.gateway.server.mvc.handler.HandlerFunctions;
import org.springframework.core.Ordered;
import org.springframework.http.server.PathContainer;
import org.springframework.http.server.PathContainer.PathSegment;
import org.springframework.web.servlet.function.HandlerFunction;
import org.springframework.web.servlet.function.RequestPredicates;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.function.RouterFunctions;
import org.springframework.web.servlet.function.ServerRequest;
import org.springframework.web.servlet.function.ServerResponse;
import org.springframework.web.util.UriComponentsBuilder;

/**
 * A discovery locator for the blocking Spring Cloud Gateway, which has none of its own.
 * As with the reactive gateway, each service has a route below its name. All other routes
 * take precedence.
 */
public final class GatewayMvcLocator implements RouterFunction<ServerResponse>, Ordered {

	private final DiscoveryClient discoveryClient;

	/**
	 * Create a locator.
	 * @param discoveryClient lists the services, from memory
	 */
	public GatewayMvcLocator(DiscoveryClient discoveryClient) {
		this.discoveryClient = discoveryClient;
	}

	@Override
	public Optional<HandlerFunction<ServerResponse>> route(ServerRequest request) {
		PathContainer path = request.requestPath().pathWithinApplication();
		for (int i = 0; i < path.elements().size(); i++) {
			if (path.elements().get(i) instanceof PathSegment segment) {
				String service = segment.valueToMatch();
				return this.discoveryClient.getServices().contains(service)
						? route(service, path.subPath(i + 1)).route(request) : Optional.empty();
			}
		}
		return Optional.empty();
	}

	private static RouterFunction<ServerResponse> route(String service, PathContainer rest) {
		return GatewayRouterFunctions.route(service)
			.route(RequestPredicates.all(), HandlerFunctions.http())
			.before((request) -> ServerRequest.from(request).uri(withPath(request.uri(), rest)).build())
			.filter(LoadBalancerFilterFunctions.lb(service))
			.build();
	}

	private static URI withPath(URI uri, PathContainer path) {
		return UriComponentsBuilder.fromUri(uri)
			.replacePath(path.elements().isEmpty() ? "/" : path.value())
			.build(true)
			.toUri();
	}

	@Override
	public void accept(RouterFunctions.Visitor visitor) {
		visitor.unknown(this);
	}

	@Override
	public int getOrder() {
		return LOWEST_PRECEDENCE;
	}

}
