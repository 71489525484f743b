package io.github.etcddiscovery.autoconfigure;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.catalog.WatchScope;
import io.github.etcddiscovery.discovery.EtcdReactiveDiscoveryClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableReactiveWebApplicationContext;
import org.springframework.boot.test.context.runner.ReactiveWebApplicationContextRunner;
import org.springframework.cloud.client.ReactiveCommonsClientAutoConfiguration;
import org.springframework.cloud.client.discovery.ReactiveDiscoveryClient;
import org.springframework.cloud.client.discovery.composite.reactive.ReactiveCompositeDiscoveryClient;
import org.springframework.cloud.client.discovery.composite.reactive.ReactiveCompositeDiscoveryClientAutoConfiguration;
import org.springframework.cloud.client.discovery.health.reactive.ReactiveDiscoveryClientHealthIndicator;
import org.springframework.cloud.client.discovery.simple.reactive.SimpleReactiveDiscoveryClient;
import org.springframework.cloud.client.discovery.simple.reactive.SimpleReactiveDiscoveryClientAutoConfiguration;
import org.springframework.cloud.commons.util.UtilAutoConfiguration;
import org.springframework.test.util.ReflectionTestUtils;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link EtcdReactiveDiscoveryClientAutoConfiguration}.
 */
class EtcdReactiveDiscoveryClientAutoConfigurationTests {

	private final ReactiveWebApplicationContextRunner contextRunner = new ReactiveWebApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(EtcdClientAutoConfiguration.class,
				EtcdDiscoveryAutoConfiguration.class, EtcdReactiveDiscoveryClientAutoConfiguration.class,
				SimpleReactiveDiscoveryClientAutoConfiguration.class,
				ReactiveCompositeDiscoveryClientAutoConfiguration.class, ReactiveCommonsClientAutoConfiguration.class,
				UtilAutoConfiguration.class))
		.withPropertyValues("spring.cloud.etcd.endpoints=http://127.0.0.1:1",
				"spring.cloud.etcd.discovery.sync-timeout=0");

	@Test
	void isOneOfTheCompositesClients() {
		this.contextRunner.run((context) -> {
			assertThat(context.getBean(ReactiveDiscoveryClient.class))
				.isInstanceOf(ReactiveCompositeDiscoveryClient.class);
			assertThat(clients(context)).hasAtLeastOneElementOfType(EtcdReactiveDiscoveryClient.class)
				.hasAtLeastOneElementOfType(SimpleReactiveDiscoveryClient.class);
			assertThat(context).hasSingleBean(ReactiveDiscoveryClientHealthIndicator.class);
		});
	}

	@Test
	void comesFirstWithALowerOrder() {
		this.contextRunner.withPropertyValues("spring.cloud.etcd.discovery.order=-1")
			.run((context) -> assertThat(clients(context)).first().isInstanceOf(EtcdReactiveDiscoveryClient.class));
	}

	@Test
	void comesLastWithAHigherOrder() {
		this.contextRunner.withPropertyValues("spring.cloud.etcd.discovery.order=1")
			.run((context) -> assertThat(clients(context)).last().isInstanceOf(EtcdReactiveDiscoveryClient.class));
	}

	@Test
	void answersInBoundedTimeWithoutEtcd() {
		this.contextRunner.run((context) -> {
			ReactiveDiscoveryClient client = context.getBean(ReactiveDiscoveryClient.class);
			assertThat(client.getInstances("any").collectList().block(Duration.ofSeconds(10))).isEmpty();
			assertThat(client.getServices().collectList().block(Duration.ofSeconds(10))).isEmpty();
		});
	}

	/**
	 * Where there is one thread only, whoever holds it up is found out.
	 */
	@ParameterizedTest
	@EnumSource(WatchScope.class)
	void holdsNoThreadUpBeforeTheFirstSynchronisation(WatchScope scope) {
		this.contextRunner
			.withPropertyValues("spring.cloud.etcd.discovery.sync-timeout=1h",
					"spring.cloud.etcd.discovery.watch-scope=" + scope)
			.run((context) -> {
				ReactiveDiscoveryClient client = context.getBean(EtcdReactiveDiscoveryClient.class);
				Scheduler parallel = Schedulers.newParallel("only-one", 1);
				try {
					CompletableFuture<?> instances = client.getInstances("any")
						.collectList()
						.subscribeOn(parallel)
						.toFuture();
					CompletableFuture<?> services = client.getServices().collectList().subscribeOn(parallel).toFuture();
					assertThat(Mono.fromCallable(() -> "free").subscribeOn(parallel).block(Duration.ofSeconds(10)))
						.isEqualTo("free");
					assertThat(instances).isNotDone();
					assertThat(services).isNotDone();
				}
				finally {
					parallel.dispose();
				}
			});
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.cloud.etcd.enabled", "spring.cloud.etcd.discovery.enabled",
			"spring.cloud.discovery.enabled", "spring.cloud.discovery.reactive.enabled" })
	void doesNothingWhenSwitchedOff(String property) {
		this.contextRunner.withPropertyValues(property + "=false")
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(EtcdReactiveDiscoveryClient.class));
	}

	@Test
	void staysWhenBlockingDiscoveryIsSwitchedOff() {
		this.contextRunner.withPropertyValues("spring.cloud.discovery.blocking.enabled=false")
			.run((context) -> assertThat(context).hasSingleBean(EtcdReactiveDiscoveryClient.class));
	}

	@Test
	void doesNothingWithoutReactor() {
		new ReactiveWebApplicationContextRunner()
			.withConfiguration(AutoConfigurations.of(EtcdClientAutoConfiguration.class,
					EtcdDiscoveryAutoConfiguration.class, EtcdReactiveDiscoveryClientAutoConfiguration.class))
			.withPropertyValues("spring.cloud.etcd.endpoints=http://127.0.0.1:1")
			.withClassLoader(new FilteredClassLoader("reactor"))
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean("etcdReactiveDiscoveryClient"));
	}

	@Test
	void keepsClientOfTheApplication() {
		EtcdReactiveDiscoveryClient client = mock(EtcdReactiveDiscoveryClient.class);
		this.contextRunner.withBean("mine", EtcdReactiveDiscoveryClient.class, () -> client)
			.run((context) -> assertThat(context.getBean(EtcdReactiveDiscoveryClient.class)).isSameAs(client));
	}

	@SuppressWarnings("unchecked")
	private static List<ReactiveDiscoveryClient> clients(AssertableReactiveWebApplicationContext context) {
		Object clients = ReflectionTestUtils.getField(context.getBean(ReactiveCompositeDiscoveryClient.class),
				"discoveryClients");
		assertThat(clients).isNotNull();
		return (List<ReactiveDiscoveryClient>) clients;
	}

}
