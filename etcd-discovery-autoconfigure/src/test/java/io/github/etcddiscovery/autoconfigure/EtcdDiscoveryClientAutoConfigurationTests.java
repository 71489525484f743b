package io.github.etcddiscovery.autoconfigure;

import java.time.Duration;
import java.util.List;

import io.github.etcddiscovery.discovery.EtcdDiscoveryClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.cloud.client.CommonsClientAutoConfiguration;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.cloud.client.discovery.composite.CompositeDiscoveryClient;
import org.springframework.cloud.client.discovery.composite.CompositeDiscoveryClientAutoConfiguration;
import org.springframework.cloud.client.discovery.health.DiscoveryClientHealthIndicator;
import org.springframework.cloud.client.discovery.simple.SimpleDiscoveryClient;
import org.springframework.cloud.client.discovery.simple.SimpleDiscoveryClientAutoConfiguration;
import org.springframework.cloud.commons.util.UtilAutoConfiguration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link EtcdDiscoveryClientAutoConfiguration}.
 */
class EtcdDiscoveryClientAutoConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(EtcdClientAutoConfiguration.class,
				EtcdDiscoveryAutoConfiguration.class, EtcdDiscoveryClientAutoConfiguration.class,
				SimpleDiscoveryClientAutoConfiguration.class, CompositeDiscoveryClientAutoConfiguration.class,
				CommonsClientAutoConfiguration.class, UtilAutoConfiguration.class))
		.withPropertyValues("spring.cloud.etcd.endpoints=http://127.0.0.1:1",
				"spring.cloud.etcd.discovery.sync-timeout=0");

	@Test
	void isOneOfTheCompositesClients() {
		this.contextRunner.run((context) -> {
			assertThat(context).hasSingleBean(EtcdDiscoveryClient.class).hasSingleBean(SimpleDiscoveryClient.class);
			assertThat(context.getBean(DiscoveryClient.class)).isInstanceOf(CompositeDiscoveryClient.class);
			assertThat(clients(context)).hasAtLeastOneElementOfType(EtcdDiscoveryClient.class)
				.hasAtLeastOneElementOfType(SimpleDiscoveryClient.class);
		});
	}

	@Test
	void comesFirstWithALowerOrder() {
		this.contextRunner.withPropertyValues("spring.cloud.etcd.discovery.order=-1")
			.run((context) -> assertThat(clients(context)).first().isInstanceOf(EtcdDiscoveryClient.class));
	}

	@Test
	void comesLastWithAHigherOrder() {
		this.contextRunner.withPropertyValues("spring.cloud.etcd.discovery.order=1")
			.run((context) -> assertThat(clients(context)).last().isInstanceOf(EtcdDiscoveryClient.class));
	}

	@Test
	void leavesInstancesOfTheSimpleClientInReach() {
		this.contextRunner.withPropertyValues("spring.cloud.discovery.client.simple.instances.other[0].uri=http://a:1")
			.run((context) -> {
				DiscoveryClient client = context.getBean(DiscoveryClient.class);
				assertThat(client.getServices()).containsExactly("other");
				assertThat(client.getInstances("other")).singleElement()
					.satisfies((instance) -> assertThat(instance.getHost()).isEqualTo("a"));
			});
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.cloud.etcd.enabled", "spring.cloud.etcd.discovery.enabled",
			"spring.cloud.discovery.enabled", "spring.cloud.discovery.blocking.enabled" })
	void doesNothingWhenSwitchedOff(String property) {
		this.contextRunner.withPropertyValues(property + "=false")
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(EtcdDiscoveryClient.class));
	}

	@Test
	void staysWhenReactiveDiscoveryIsSwitchedOff() {
		this.contextRunner.withPropertyValues("spring.cloud.discovery.reactive.enabled=false")
			.run((context) -> assertThat(context).hasSingleBean(EtcdDiscoveryClient.class));
	}

	@Test
	void staysWithoutReactor() {
		this.contextRunner.withClassLoader(new FilteredClassLoader("reactor"))
			.run((context) -> assertThat(context).hasSingleBean(EtcdDiscoveryClient.class));
	}

	@Test
	void keepsClientOfTheApplication() {
		EtcdDiscoveryClient client = mock(EtcdDiscoveryClient.class);
		this.contextRunner.withBean("mine", EtcdDiscoveryClient.class, () -> client)
			.run((context) -> assertThat(context.getBean(EtcdDiscoveryClient.class)).isSameAs(client));
	}

	@Test
	void isWatchedByTheHealthIndicator() {
		this.contextRunner.run((context) -> assertThat(context).hasSingleBean(DiscoveryClientHealthIndicator.class));
		this.contextRunner.withPropertyValues("spring.cloud.discovery.client.health-indicator.enabled=false")
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(DiscoveryClientHealthIndicator.class));
	}

	@Test
	void neverBlocksAReactorThread() {
		this.contextRunner.withPropertyValues("spring.cloud.etcd.discovery.sync-timeout=1h").run((context) -> {
			EtcdDiscoveryClient client = context.getBean(EtcdDiscoveryClient.class);
			assertThat(Mono.fromCallable(() -> client.getInstances("any"))
				.subscribeOn(Schedulers.parallel())
				.block(Duration.ofSeconds(10))).isEmpty();
		});
	}

	private static List<DiscoveryClient> clients(AssertableApplicationContext context) {
		return context.getBean(CompositeDiscoveryClient.class).getDiscoveryClients();
	}

}
