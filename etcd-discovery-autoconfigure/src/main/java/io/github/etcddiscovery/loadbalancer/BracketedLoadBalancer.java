package io.github.etcddiscovery.loadbalancer;

import java.net.URI;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.DefaultResponse;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.client.loadbalancer.Response;
import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;

/**
 * Puts the host of the chosen instance into brackets if it is an IPv6 address. Spring
 * Cloud copies the host into the URI of the request, which fails without brackets if the
 * URI contains a percent sign.
 */
final class BracketedLoadBalancer implements ReactorServiceInstanceLoadBalancer {

	private final ReactorServiceInstanceLoadBalancer delegate;

	BracketedLoadBalancer(ReactorServiceInstanceLoadBalancer delegate) {
		this.delegate = delegate;
	}

	@Override
	@SuppressWarnings("rawtypes")
	public Mono<Response<ServiceInstance>> choose(Request request) {
		return this.delegate.choose(request).map(BracketedLoadBalancer::inBrackets);
	}

	private static Response<ServiceInstance> inBrackets(Response<ServiceInstance> response) {
		ServiceInstance chosen = response.getServer();
		return (chosen != null && chosen.getHost().contains(":") && !chosen.getHost().startsWith("["))
				? new DefaultResponse(new Bracketed(chosen)) : response;
	}

	private static final class Bracketed extends DefaultServiceInstance {

		private final ServiceInstance instance;

		Bracketed(ServiceInstance instance) {
			super(instance.getInstanceId(), instance.getServiceId(), "[" + instance.getHost() + "]", instance.getPort(),
					instance.isSecure(), instance.getMetadata());
			this.instance = instance;
		}

		@Override
		public URI getUri() {
			return this.instance.getUri();
		}

		@Override
		public @Nullable String getScheme() {
			return this.instance.getScheme();
		}

	}

}
