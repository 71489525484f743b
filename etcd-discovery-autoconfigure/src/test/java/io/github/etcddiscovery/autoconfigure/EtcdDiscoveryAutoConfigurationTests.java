package io.github.etcddiscovery.autoconfigure;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.etcd.jetcd.Client;
import io.github.etcddiscovery.client.EtcdConnection;
import io.github.etcddiscovery.discovery.CatalogEventPublisher;
import io.github.etcddiscovery.discovery.EtcdDiscoveryProperties;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceKey;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.instance.ServiceInstanceCodec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.cloud.client.discovery.event.InstanceRegisteredEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link EtcdDiscoveryAutoConfiguration}.
 */
class EtcdDiscoveryAutoConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(
				AutoConfigurations.of(EtcdClientAutoConfiguration.class, EtcdDiscoveryAutoConfiguration.class))
		.withPropertyValues("spring.cloud.etcd.endpoints=http://127.0.0.1:1");

	@Test
	void followsEtcd() {
		this.contextRunner.run((context) -> {
			assertThat(context).hasSingleBean(EtcdConnection.class)
				.hasSingleBean(ServiceCatalog.class)
				.hasSingleBean(CatalogEventPublisher.class);
			assertThat(context.getBean(ServiceCatalog.class).isKnown()).isFalse();
		});
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.cloud.etcd.enabled", "spring.cloud.etcd.discovery.enabled",
			"spring.cloud.discovery.enabled" })
	void doesNothingWhenSwitchedOff(String property) {
		this.contextRunner.withPropertyValues(property + "=false", "spring.cloud.etcd.discovery.prefix=nonsense/")
			.run((context) -> assertThat(context).hasNotFailed()
				.doesNotHaveBean(ServiceCatalog.class)
				.doesNotHaveBean(EtcdDiscoveryProperties.class));
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.cloud.etcd.discovery.enabled", "spring.cloud.discovery.enabled" })
	void leavesTheClientWhenOnlyDiscoveryIsSwitchedOff(String property) {
		this.contextRunner.withPropertyValues(property + "=false")
			.run((context) -> assertThat(context).hasSingleBean(Client.class));
	}

	@Test
	void doesNothingWithoutJetcd() {
		this.contextRunner.withClassLoader(new FilteredClassLoader("io.etcd.jetcd"))
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean("etcdServiceCatalog"));
	}

	@Test
	void keepsReaderOfTheApplication() {
		InstanceReader reader = new InstanceReader("elsewhere", List.of());
		this.contextRunner.withBean(InstanceReader.class, () -> reader)
			.run((context) -> assertThat(context.getBean(InstanceReader.class)).isSameAs(reader));
	}

	@Test
	void asksCodecsOfTheApplicationFirst() {
		this.contextRunner.withBean(UppercaseCodec.class).run((context) -> {
			InstanceReader reader = context.getBean(InstanceReader.class);
			InstanceKey key = reader.key("services/a/1");
			assertThat(reader.read(key, "{HOST}")).singleElement()
				.satisfies((instance) -> assertThat(instance.getHost()).isEqualTo("codec"));
			assertThat(reader.read(key, "http://host:1")).singleElement()
				.satisfies((instance) -> assertThat(instance.getHost()).isEqualTo("host"));
		});
	}

	@Test
	void saysThatDiscoveryIsAtWorkInAnApplicationThatDoesNotRegister() {
		List<Object> events = new ArrayList<>();
		this.contextRunner.withBean("listener", ApplicationListener.class, () -> new Events(events)).run((context) -> {
			publishReady(context);
			assertThat(events).hasSize(1);
		});
	}

	@Test
	void saysNothingWhenAChildContextIsReady() {
		List<Object> events = new ArrayList<>();
		this.contextRunner.withBean("listener", ApplicationListener.class, () -> new Events(events))
			.run((parent) -> new ApplicationContextRunner()
				.withParent(parent.getSourceApplicationContext(ConfigurableApplicationContext.class))
				.run((child) -> {
					publishReady(child);
					assertThat(events).isEmpty();
				}));
	}

	private static void publishReady(AssertableApplicationContext context) {
		context.publishEvent(new ApplicationReadyEvent(new SpringApplication(), new String[0],
				context.getSourceApplicationContext(ConfigurableApplicationContext.class), Duration.ZERO));
	}

	private record Events(List<Object> events) implements ApplicationListener<InstanceRegisteredEvent<?>> {

		@Override
		public void onApplicationEvent(InstanceRegisteredEvent<?> event) {
			this.events.add(event);
		}

	}

	static class UppercaseCodec implements ServiceInstanceCodec {

		@Override
		public boolean recognizes(String value) {
			return value.equals("{HOST}");
		}

		@Override
		public List<EtcdServiceInstance> decode(InstanceKey key, String value) {
			return List
				.of(new EtcdServiceInstance(key.service(), key.id(), "codec", 1, false, InstanceStatus.UP, Map.of()));
		}

		@Override
		public String encode(EtcdServiceInstance instance) {
			throw new UnsupportedOperationException();
		}

	}

}
