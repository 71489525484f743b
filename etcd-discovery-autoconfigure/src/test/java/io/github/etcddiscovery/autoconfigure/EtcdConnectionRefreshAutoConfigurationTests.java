package io.github.etcddiscovery.autoconfigure;

import java.util.Set;

import io.github.etcddiscovery.client.EtcdConnectionDetails;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link EtcdConnectionRefreshAutoConfiguration}.
 */
@ExtendWith(OutputCaptureExtension.class)
class EtcdConnectionRefreshAutoConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner().withConfiguration(
			AutoConfigurations.of(EtcdClientAutoConfiguration.class, EtcdConnectionRefreshAutoConfiguration.class));

	/**
	 * What can't be used does not take the place of what can.
	 */
	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '"',
			textBlock = """
					keep-alive-time=1s           | 'spring.cloud.etcd.keep-alive-time' cannot be '1000ms'. It must be at least 10s
					request-timeout=5            | 'spring.cloud.etcd.request-timeout' cannot be '5ms'. It must be at least 100ms
					connect-timeout=soon         | 'spring.cloud.etcd.connect-timeout' can't be used: 'soon' is not a valid duration
					endpoints=http://a:1,b:2     | 'spring.cloud.etcd.endpoints' cannot be 'b:2'. An endpoint is http://host:port
					endpoints=http://u:n3w@a:1   | 'spring.cloud.etcd.endpoints' cannot be 'http://***@a:1'. An endpoint is
					password=                    | 'spring.cloud.etcd.password' is not set. It must be set, since 'spring.cloud.etcd.username' is
					max-inbound-message-size=-1B | 'spring.cloud.etcd.max-inbound-message-size' cannot be '-1B'. It must be between
					ssl.enabled=true             | 'spring.cloud.etcd.ssl.enabled' cannot be 'true'. It needs 'spring.cloud.etcd.endpoints'
					""")
	void saysAtTheRefreshWhatCannotBeUsedAndKeepsTheLastGoodProperties(String property, String warning,
			CapturedOutput output) {
		this.contextRunner
			.withPropertyValues("spring.cloud.etcd.username=root", "spring.cloud.etcd.password=s3cret",
					"spring.cloud.etcd.endpoints=http://a:1")
			.run((context) -> {
				TestPropertyValues.of("spring.cloud.etcd." + property).applyTo(context);
				context.publishEvent(new EnvironmentChangeEvent(context, Set.of()));
				assertThat(output.getAll().lines().filter((line) -> line.contains("WARN"))).singleElement()
					.asString()
					.contains(warning, ". The last good properties of the connection to etcd stay in use")
					.doesNotContain("s3cret", "n3w");
				EtcdConnectionDetails details = context.getBean(EtcdConnectionDetails.class);
				assertThat(details.getEndpoints()).containsExactly("http://a:1");
				assertThat(details.getUsername()).isEqualTo("root");
				assertThat(details.getPassword()).isEqualTo("s3cret");
				context.publishEvent(new EnvironmentChangeEvent(context, Set.of()));
				assertThat(output.getAll().lines().filter((line) -> line.contains("WARN"))).as("once").hasSize(1);
			});
	}

}
