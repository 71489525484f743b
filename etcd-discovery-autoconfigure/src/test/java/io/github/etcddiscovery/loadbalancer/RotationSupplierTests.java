package io.github.etcddiscovery.loadbalancer;

import java.net.ConnectException;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.CompletionContext;
import org.springframework.cloud.client.loadbalancer.CompletionContext.Status;
import org.springframework.cloud.client.loadbalancer.DefaultRequest;
import org.springframework.cloud.client.loadbalancer.DefaultResponse;
import org.springframework.cloud.client.loadbalancer.LoadBalancerClientsProperties;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.client.loadbalancer.RequestData;
import org.springframework.cloud.client.loadbalancer.RequestDataContext;
import org.springframework.cloud.client.loadbalancer.RetryableRequestContext;
import org.springframework.cloud.loadbalancer.config.LoadBalancerZoneConfig;
import org.springframework.cloud.loadbalancer.core.HealthCheckServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.core.ReactiveApiVersionServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.core.SameInstancePreferenceServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.core.SelectedInstanceCallback;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.core.WeightedServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.core.ZonePreferenceServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.util.LinkedMultiValueMap;
import org.springframework.web.accept.ApiVersionParser;
import org.springframework.web.accept.SemanticApiVersionParser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.BDDMockito.given;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.verify;

/**
 * Tests for {@link RotationSupplier}.
 */
class RotationSupplierTests {

	private List<ServiceInstance> registered = List.of(Instances.ONE, Instances.TWO, Instances.THREE);

	private final ServiceInstanceListSupplier base = new Base();

	private final Ejections ejections = new Ejections(() -> this.registered, (host, port) -> new CompletableFuture<>(),
			System::nanoTime);

	@Test
	void servesWhatTheSuppliersChose() {
		assertThat(choose(this.base, retry(null))).isSameAs(this.registered);
	}

	@Test
	void doesNotServeTheInstanceThatWasTried() {
		assertThat(choose(this.base, retry(Instances.TWO))).containsExactly(Instances.ONE, Instances.THREE);
	}

	@Test
	void servesTheInstanceThatWasTriedWhenThereIsNoOther() {
		this.registered = List.of(Instances.TWO);
		assertThat(choose(this.base, retry(Instances.TWO))).containsExactly(Instances.TWO);
	}

	@Test
	void servesTheInstanceThatWasTriedWhenThatIsWanted() {
		RotationSupplier supplier = new RotationSupplier(this.base, false, null, null, UnaryOperator.identity(),
				() -> null);
		assertThat(supplier.get(retry(Instances.TWO)).blockFirst()).contains(Instances.TWO);
	}

	@Test
	void remembersWithTheRequestOfAGatewayWhatWasTried() {
		Request<Object> request = gatewayRequest(new HashMap<>());
		assertThat(choose(this.base, request)).contains(Instances.TWO);
		// Gateways hand out the instance in a wrapping of their own
		ServiceInstance wrapped = new DefaultServiceInstance("other", "shop", Instances.TWO.getHost(),
				Instances.TWO.getPort(), false);
		new TriedInstances().onStartRequest(request, new DefaultResponse(wrapped));
		assertThat(choose(this.base, request)).containsExactly(Instances.ONE, Instances.THREE);
	}

	@Test
	void toleratesRequestsWhoseAttributesCannotBeChanged() {
		Request<Object> request = gatewayRequest(Map.of());
		new TriedInstances().onStartRequest(request, new DefaultResponse(Instances.TWO));
		assertThat(choose(this.base, request)).contains(Instances.TWO);
	}

	@Test
	void doesNotServeEjectedInstances() {
		eject(Instances.ONE, Instances.THREE);
		assertThat(choose(this.base, retry(null))).containsExactly(Instances.TWO);
	}

	@Test
	void servesAllWhenAllAreEjected() {
		eject(Instances.ONE, Instances.TWO, Instances.THREE);
		assertThat(choose(this.base, retry(null))).containsExactly(Instances.ONE, Instances.TWO, Instances.THREE);
	}

	@Test
	void leavesAnotherZoneInWhenThePreferredOneIsOut() {
		ServiceInstance near = Instances.instance(9, Map.of("zone", "near"));
		this.registered = List.of(Instances.ONE, near);
		ServiceInstanceListSupplier zone = new ZonePreferenceServiceInstanceListSupplier(this.base,
				new LoadBalancerZoneConfig("near"));
		assertThat(choose(zone, retry(null))).containsExactly(near);
		eject(near);
		assertThat(choose(zone, retry(null))).containsExactly(Instances.ONE);
		eject(Instances.ONE);
		assertThat(choose(zone, retry(null))).containsExactly(near);
	}

	@Test
	void passesTheChosenInstanceOnAndLeavesItWhenItIsOut() {
		RotationSupplier supplier = new RotationSupplier(
				new SameInstancePreferenceServiceInstanceListSupplier(this.base), true, this.ejections, null,
				UnaryOperator.identity(), () -> null);
		((SelectedInstanceCallback) supplier).selectedServiceInstance(Instances.TWO);
		assertThat(supplier.get().blockFirst()).containsExactly(Instances.TWO);
		eject(Instances.TWO);
		assertThat(supplier.get().blockFirst()).containsExactly(Instances.ONE, Instances.THREE);
	}

	@Test
	void removesEveryOccurrenceOfAWeightedInstance() {
		ServiceInstance heavy = Instances.instance(9, Map.of("weight", "5"));
		this.registered = List.of(heavy, Instances.ONE);
		assertThat(choose(new WeightedServiceInstanceListSupplier(this.base), retry(heavy)))
			.containsExactly(Instances.ONE);
	}

	@Test
	void servesNoOtherVersionOfAnApi() {
		ServiceInstance first = Instances.instance(8, Map.of("API_VERSION", "1"));
		ServiceInstance second = Instances.instance(9, Map.of("API_VERSION", "2"));
		this.registered = List.of(first, second);
		LoadBalancerClientsProperties properties = new LoadBalancerClientsProperties();
		properties.getApiVersion().setDefaultVersion("1");
		properties.getApiVersion().setHeader("version");
		LoadBalancerClientFactory factory = mock();
		given(factory.getProperties("shop")).willReturn(properties);
		given(factory.getInstance("shop", ApiVersionParser.class)).willReturn(new SemanticApiVersionParser());
		ServiceInstanceListSupplier versions = new ReactiveApiVersionServiceInstanceListSupplier(this.base, factory);
		assertThat(choose(versions, new DefaultRequest<>())).containsExactly(first);
		eject(first);
		assertThat(choose(versions, new DefaultRequest<>())).containsExactly(first);
	}

	@Test
	void forgetsAtOnceWhatHealthChecksStillRepeat() {
		HealthCheckServiceInstanceListSupplier healthy = new HealthCheckServiceInstanceListSupplier(this.base,
				new LoadBalancerClientFactory(new LoadBalancerClientsProperties()),
				(instance, path) -> Mono.just(!instance.equals(Instances.THREE)));
		healthy.afterPropertiesSet();
		try {
			await().untilAsserted(
					() -> assertThat(choose(healthy, retry(null))).containsExactly(Instances.ONE, Instances.TWO));
			this.registered = List.of(Instances.TWO, Instances.THREE);
			assertThat(choose(healthy, retry(null))).containsExactly(Instances.TWO);
			this.registered = List.of(Instances.THREE);
			assertThat(choose(healthy, retry(null))).containsExactly(Instances.THREE);
		}
		finally {
			healthy.destroy();
		}
	}

	@Test
	void leavesNewInstancesOutNowAndThen() {
		this.registered = List.of(Instances.ONE);
		RotationSupplier supplier = new RotationSupplier(this.base, true, null,
				new SlowStart(Duration.ofDays(1), System::nanoTime, () -> 0.5), UnaryOperator.identity(), () -> null);
		assertThat(supplier.get().blockFirst()).containsExactly(Instances.ONE);
		this.registered = List.of(Instances.ONE, Instances.TWO);
		assertThat(supplier.get().blockFirst()).containsExactly(Instances.ONE);
		assertThat(supplier.get(retry(Instances.ONE)).blockFirst()).containsExactly(Instances.TWO);
	}

	@Test
	void leavesNewInstancesOutNowAndThenByTheShortcut() {
		this.registered = List.of(Instances.ONE);
		RotationSupplier supplier = new RotationSupplier(this.base, true, null,
				new SlowStart(Duration.ofDays(1), System::nanoTime, () -> 0.5), UnaryOperator.identity(),
				() -> this.registered);
		assertThat(supplier.get().blockFirst()).isSameAs(this.registered);
		this.registered = List.of(Instances.ONE, Instances.TWO);
		assertThat(supplier.get().blockFirst()).containsExactly(Instances.ONE);
		assertThat(supplier.get(retry(Instances.ONE)).blockFirst()).containsExactly(Instances.TWO);
	}

	private @Nullable List<ServiceInstance> choose(ServiceInstanceListSupplier supplier, Request<?> request) {
		List<ServiceInstance> chosen = new RotationSupplier(supplier, true, this.ejections, null,
				UnaryOperator.identity(), () -> null)
			.get(request)
			.blockFirst();
		if (supplier == this.base) {
			assertThat(shortcut(supplier).get(request).blockFirst()).isEqualTo(chosen);
		}
		return chosen;
	}

	private RotationSupplier shortcut(ServiceInstanceListSupplier supplier) {
		return new RotationSupplier(supplier, true, this.ejections, null, UnaryOperator.identity(),
				() -> this.registered);
	}

	@Test
	void asksNoSuppliersWhereThereIsAShortcut() {
		ServiceInstanceListSupplier none = mock(ServiceInstanceListSupplier.class);
		RotationSupplier supplier = shortcut(none);
		assertThat(supplier.get().blockFirst()).isSameAs(this.registered);
		eject(Instances.TWO);
		List<ServiceInstance> rest = supplier.get().blockFirst();
		assertThat(rest).containsExactly(Instances.ONE, Instances.THREE);
		assertThat(supplier.get().blockFirst()).as("until something changes").isSameAs(rest);
		this.registered = List.of(Instances.ONE, Instances.TWO);
		assertThat(supplier.get().blockFirst()).containsExactly(Instances.ONE);
		verify(none, never()).get(any());
		verify(none, never()).get();
	}

	private void eject(ServiceInstance... instances) {
		Stream.of(instances)
			.forEach((instance) -> this.ejections.onComplete(new CompletionContext<>(Status.FAILED,
					new ConnectException(), new DefaultRequest<>(), new DefaultResponse(instance))));
	}

	private static Request<RetryableRequestContext> retry(@Nullable ServiceInstance tried) {
		return new DefaultRequest<>(new RetryableRequestContext(tried));
	}

	private static Request<Object> gatewayRequest(Map<String, Object> attributes) {
		return new DefaultRequest<>(new RequestDataContext(new RequestData(HttpMethod.GET, URI.create("http://shop/"),
				new HttpHeaders(), new LinkedMultiValueMap<>(), attributes)));
	}

	private final class Base implements ServiceInstanceListSupplier {

		@Override
		public String getServiceId() {
			return "shop";
		}

		@Override
		public Flux<List<ServiceInstance>> get() {
			return Flux.defer(() -> Flux.just(RotationSupplierTests.this.registered));
		}

	}

}
