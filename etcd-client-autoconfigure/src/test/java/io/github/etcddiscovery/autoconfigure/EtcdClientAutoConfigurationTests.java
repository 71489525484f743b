package io.github.etcddiscovery.autoconfigure;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.ClientBuilder;
import io.github.etcddiscovery.client.EtcdClientBuilderCustomizer;
import io.github.etcddiscovery.client.EtcdClientFactory;
import io.github.etcddiscovery.client.EtcdConnectionDetails;
import io.github.etcddiscovery.client.EtcdProperties;
import io.github.etcddiscovery.client.PropertiesEtcdConnectionDetails;
import org.junit.jupiter.api.Test;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.core.Ordered;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link EtcdClientAutoConfiguration}.
 */
class EtcdClientAutoConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(EtcdClientAutoConfiguration.class))
		.withPropertyValues("spring.cloud.etcd.endpoints=http://127.0.0.1:1");

	@Test
	void providesAClientWithoutConnecting() {
		this.contextRunner.run((context) -> assertThat(context).hasSingleBean(Client.class)
			.hasSingleBean(EtcdClientFactory.class)
			.hasSingleBean(PropertiesEtcdConnectionDetails.class));
	}

	@Test
	void doesNothingWhenSwitchedOff() {
		this.contextRunner.withPropertyValues("spring.cloud.etcd.enabled=false", "spring.cloud.etcd.endpoints=nonsense")
			.run((context) -> assertThat(context).hasNotFailed()
				.doesNotHaveBean(Client.class)
				.doesNotHaveBean(EtcdConnectionDetails.class)
				.doesNotHaveBean(EtcdProperties.class));
	}

	@Test
	void doesNothingWithoutJetcd() {
		this.contextRunner.withClassLoader(new FilteredClassLoader(Client.class))
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean("etcdClient"));
	}

	@Test
	void keepsClientOfTheApplication() {
		Client client = mock(Client.class);
		this.contextRunner.withBean("mine", Client.class, () -> client)
			.run((context) -> assertThat(context).hasSingleBean(Client.class).getBean(Client.class).isSameAs(client));
	}

	@Test
	void closesItsClientWithTheContext() {
		List<Client> clients = new ArrayList<>();
		this.contextRunner.run((context) -> clients.add(context.getBean(Client.class)));
		assertThat(clients.get(0).getKVClient().get(ByteSequence.EMPTY)).failsWithin(Duration.ofSeconds(10))
			.withThrowableThat()
			.withCauseInstanceOf(RejectedExecutionException.class);
	}

	@Test
	void takesConnectionDetailsInPlaceOfProperties() {
		this.contextRunner.withBean(EtcdConnectionDetails.class, ContainerDetails::new)
			.run((context) -> assertThat(context).hasSingleBean(EtcdConnectionDetails.class)
				.doesNotHaveBean(PropertiesEtcdConnectionDetails.class)
				.hasSingleBean(Client.class));
	}

	@Test
	void takesCredentialsFromProperties() {
		this.contextRunner
			.withPropertyValues("spring.cloud.etcd.username=root", "spring.cloud.etcd.password=s3cret",
					"spring.cloud.etcd.endpoints=http://a:1, http://b:2")
			.run((context) -> {
				EtcdConnectionDetails details = context.getBean(EtcdConnectionDetails.class);
				assertThat(details.getEndpoints()).containsExactly("http://a:1", "http://b:2");
				assertThat(details.getUsername()).isEqualTo("root");
				assertThat(details.getPassword()).isEqualTo("s3cret");
				assertThat(context.getBean(EtcdProperties.class))
					.hasToString("EtcdProperties[endpoints=[http://a:1, http://b:2], username=root, namespace=null]");
			});
	}

	@Test
	void takesThePasswordAsItIsNow() {
		this.contextRunner.withPropertyValues("spring.cloud.etcd.username=root", "spring.cloud.etcd.password=s3cret")
			.run((context) -> {
				TestPropertyValues.of("spring.cloud.etcd.password=n3w").applyTo(context);
				assertThat(context.getBean(EtcdConnectionDetails.class).getPassword()).isEqualTo("n3w");
			});
	}

	@Test
	void refusesAnSslBundleThatDoesNotExist() {
		this.contextRunner.withConfiguration(AutoConfigurations.of(SslAutoConfiguration.class))
			.withPropertyValues("spring.cloud.etcd.endpoints=https://127.0.0.1:1", "spring.cloud.etcd.ssl.bundle=mine")
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(NoSuchSslBundleException.class)
				.hasMessageContaining("mine"));
	}

	@Test
	void refusesPlainTextWhereConnectionDetailsHaveAnSslBundle() {
		this.contextRunner.withBean(EtcdConnectionDetails.class, () -> new ContainerDetails() {

			@Override
			public SslBundle getSslBundle() {
				return SslBundle.systemDefault();
			}

		})
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessage("There is an SSL bundle for etcd, so its endpoints must begin with https://: "
						+ "http://127.0.0.1:2"));
	}

	@Test
	void connectsToLocalhostByDefault() {
		new ApplicationContextRunner().withConfiguration(AutoConfigurations.of(EtcdClientAutoConfiguration.class))
			.run((context) -> assertThat(context.getBean(EtcdConnectionDetails.class).getEndpoints())
				.containsExactly("http://localhost:2379"));
	}

	@Test
	void customizesTheBuilderInOrder() {
		List<String> calls = new ArrayList<>();
		this.contextRunner
			.withBean("second", EtcdClientBuilderCustomizer.class, () -> new Customizer("second", 2, calls))
			.withBean("first", EtcdClientBuilderCustomizer.class, () -> new Customizer("first", 1, calls))
			.run((context) -> assertThat(calls).containsExactly("first", "second"));
	}

	private static class ContainerDetails implements EtcdConnectionDetails {

		@Override
		public List<String> getEndpoints() {
			return List.of("http://127.0.0.1:2");
		}

	}

	private record Customizer(String name, int getOrder,
			List<String> calls) implements EtcdClientBuilderCustomizer, Ordered {

		@Override
		public void customize(ClientBuilder builder) {
			this.calls.add(this.name);
		}

	}

}
