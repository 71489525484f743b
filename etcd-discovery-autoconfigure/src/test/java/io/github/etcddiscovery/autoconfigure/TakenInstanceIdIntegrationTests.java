package io.github.etcddiscovery.autoconfigure;

import java.time.Duration;

import io.github.etcddiscovery.testing.EtcdExtension;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * What a person sees who gave two processes the same instance id.
 */
@Timeout(60)
@ExtendWith(OutputCaptureExtension.class)
class TakenInstanceIdIntegrationTests {

	private static final String KEY = "services/app/one";

	private static final String OTHER = "{\"host\":\"10.9.9.9\",\"port\":8080}";

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@Test
	void exitsWithAnExplanationWhenThatIsWanted(CapturedOutput output) {
		etcd.admin().put(KEY, OTHER, etcd.admin().grantLease(Duration.ofMinutes(5)));
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setBannerMode(Banner.Mode.OFF);
		assertThatExceptionOfType(RuntimeException.class).isThrownBy(
				() -> application
					.run("--spring.application.name=app", "--spring.cloud.etcd.endpoints=" + etcd.clientUrl(),
							"--spring.cloud.etcd.discovery.port=8080", "--spring.cloud.etcd.discovery.instance-id=one",
							"--spring.cloud.etcd.discovery.fail-fast=true")
					.close());
		assertThat(output).containsSubsequence("APPLICATION FAILED TO START", "Description:",
				"'" + KEY + "' could not be registered: '" + KEY + "' belongs to another live process", "Action:",
				"Give each process its own 'spring.cloud.etcd.discovery.instance-id'",
				"set 'spring.cloud.etcd.discovery.fail-fast' to false.");
		assertThat(output).doesNotContain("\tat ", "Application run failed");
		assertThat(etcd.admin().get(KEY)).isEqualTo(OTHER);
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}
