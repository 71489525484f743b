package io.github.etcddiscovery.autoconfigure;

import java.util.Map;

import io.github.etcddiscovery.client.EtcdConnectionDetails;
import io.github.etcddiscovery.client.EtcdProperties;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.actuate.autoconfigure.context.properties.ConfigurationPropertiesReportEndpointAutoConfiguration;
import org.springframework.boot.actuate.autoconfigure.env.EnvironmentEndpointAutoConfiguration;
import org.springframework.boot.actuate.context.properties.ConfigurationPropertiesReportEndpoint;
import org.springframework.boot.actuate.env.EnvironmentEndpoint;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.env.SystemEnvironmentPropertySource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Where a password must not be seen, although the application shows all values.
 */
class HiddenPasswordTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(
				AutoConfigurations.of(EtcdClientAutoConfiguration.class, EnvironmentEndpointAutoConfiguration.class,
						ConfigurationPropertiesReportEndpointAutoConfiguration.class))
		.withInitializer((context) -> context.getEnvironment()
			.getPropertySources()
			.addLast(new SystemEnvironmentPropertySource("variables",
					Map.of("SPRING_CLOUD_ETCD_PASSWORD", "s3cret", "SPRING_CLOUD_ETCD_USERNAME", "alice"))))
		.withPropertyValues("management.endpoints.web.exposure.include=env,configprops",
				"management.endpoint.env.show-values=always", "management.endpoint.configprops.show-values=always");

	@Test
	void environmentShowsAllButThePassword() {
		this.contextRunner.withPropertyValues("spring.cloud.etcd.password=s3cret")
			.run((context) -> showsAllButThePassword(context.getBean(EnvironmentEndpoint.class).environment(null)));
	}

	@Test
	void configurationPropertiesShowAllButThePassword() {
		this.contextRunner.run((context) -> showsAllButThePassword(
				context.getBean(ConfigurationPropertiesReportEndpoint.class).configurationProperties()));
	}

	/**
	 * The variable that a placeholder refers to, and what else the password is part of.
	 */
	@Test
	void hidesThePasswordByItsValue() {
		this.contextRunner
			.withPropertyValues("ETCD_PASSWORD=s3cret", "ETCDCTL_USER=alice:s3cret", "my.connection=etcd+s3cret@host",
					"spring.cloud.etcd.password=${ETCD_PASSWORD}")
			.run((context) -> {
				showsAllButThePassword(context.getBean(EnvironmentEndpoint.class).environment(null));
				showsAllButThePassword(
						context.getBean(ConfigurationPropertiesReportEndpoint.class).configurationProperties());
			});
	}

	@Test
	void doesNotBlankThePageForAPasswordThatIsAWord() {
		this.contextRunner
			.withPropertyValues("ETCD_PASSWORD=root", "ETCDCTL_USER=root:root", "user.of.something=root",
					"a.path=/root/files", "spring.cloud.etcd.username=root", "spring.cloud.etcd.password=root")
			.run((context) -> assertThat(JsonMapper.builder()
				.build()
				.writeValueAsString(context.getBean(EnvironmentEndpoint.class).environment(null)))
				.contains("\"ETCD_PASSWORD\":{\"value\":\"******\"", "\"ETCDCTL_USER\":{\"value\":\"******\"",
						"\"user.of.something\":{\"value\":\"root\"", "\"a.path\":{\"value\":\"/root/files\""));
	}

	@Test
	void nothingThatHoldsThePasswordPrintsIt() {
		this.contextRunner.run((context) -> assertThat(printed(context)).contains("alice").doesNotContain("s3cret"));
	}

	private static String printed(AssertableApplicationContext context) {
		return context.getBean(EtcdProperties.class) + " " + context.getBean(EtcdConnectionDetails.class);
	}

	private static void showsAllButThePassword(Object answer) {
		assertThat(JsonMapper.builder().build().writeValueAsString(answer)).contains("alice", "******")
			.doesNotContain("s3cret");
	}

}
