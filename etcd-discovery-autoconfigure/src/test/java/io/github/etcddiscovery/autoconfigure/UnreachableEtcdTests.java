package io.github.etcddiscovery.autoconfigure;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * What a person sees whose etcd is not there.
 */
@Timeout(60)
@ExtendWith(OutputCaptureExtension.class)
class UnreachableEtcdTests {

	private static final String REGISTRATION = "Cannot register yet: etcd can't be reached at ";

	private static final String DISCOVERY = "Cannot follow 'services/*': etcd can't be reached at ";

	private static final String ADVICE = "Check that etcd runs and that 'spring.cloud.etcd.endpoints' names it";

	@Test
	void startsAndSaysSoOnceWhenThePortIsClosed(CapturedOutput output) throws IOException {
		startsAndWarns(output, closedPort(), Map.of());
	}

	@Test
	void startsAndSaysSoOnceWhenTheHostIsUnknown(CapturedOutput output) {
		startsAndWarns(output, "http://no-such-host.invalid:2379", Map.of());
	}

	@Test
	void doesNotBlameThePasswordWhenThePortIsClosed(CapturedOutput output) throws IOException {
		startsAndWarns(output, closedPort(),
				Map.of("spring.cloud.etcd.username", "root", "spring.cloud.etcd.password", "root"));
	}

	/**
	 * Patient, since a build shares its machine.
	 */
	private static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(30));
	}

	private static void startsAndWarns(CapturedOutput output, String url, Map<String, Object> properties) {
		try (ConfigurableApplicationContext context = run(url, properties)) {
			assertThat(context.isRunning()).isTrue();
			await().until(() -> output.getAll().contains(REGISTRATION + url));
			await().until(() -> output.getAll().contains(DISCOVERY + url));
			// Not known is not for ever: the answer is bounded by the time to synchronise
			assertThat(context.getBean(DiscoveryClient.class).getInstances("app")).isEmpty();
		}
		List<String> warnings = warnings(output);
		assertThat(warnings).hasSize(2)
			.allSatisfy((line) -> assertThat(line).contains(ADVICE))
			.anySatisfy((line) -> assertThat(line).contains(REGISTRATION + url))
			.anySatisfy((line) -> assertThat(line).contains(DISCOVERY + url));
		assertThat(output).doesNotContain("\tat ", " ERROR ");
	}

	@Test
	void exitsWithAnExplanationWhenThatIsWanted(CapturedOutput output) throws IOException {
		String url = closedPort();
		assertThatExceptionOfType(RuntimeException.class)
			.isThrownBy(() -> run(url, Map.of("spring.cloud.etcd.discovery.fail-fast", "true")).close());
		assertThat(output).containsSubsequence("APPLICATION FAILED TO START", "Description:", "'services/app/",
				"could not be registered: etcd can't be reached at " + url, "Action:", ADVICE,
				"set 'spring.cloud.etcd.discovery.fail-fast' to false.");
		assertThat(output).doesNotContain("\tat ", "Application run failed");
	}

	@Test
	void doesNotWaitForEtcdWhenItStarts() throws IOException {
		String url = closedPort();
		// Would time out, if anything did
		run(url, Map.of("spring.cloud.etcd.discovery.sync-timeout", "1h")).close();
	}

	private static List<String> warnings(CapturedOutput output) {
		return output.getAll().lines().filter((line) -> line.contains(" WARN ")).toList();
	}

	private static ConfigurableApplicationContext run(String endpoint, Map<String, Object> properties) {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setBannerMode(Banner.Mode.OFF);
		Map<String, Object> all = new HashMap<>(
				Map.of("spring.application.name", "app", "spring.cloud.etcd.discovery.port", "8080",
						"spring.cloud.etcd.endpoints", endpoint, "spring.cloud.etcd.discovery.sync-timeout", "1s"));
		all.putAll(properties);
		application.setDefaultProperties(all);
		return application.run();
	}

	private static String closedPort() throws IOException {
		try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
			return "http://127.0.0.1:" + socket.getLocalPort();
		}
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}
