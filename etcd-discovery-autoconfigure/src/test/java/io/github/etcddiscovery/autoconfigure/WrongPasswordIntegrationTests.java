package io.github.etcddiscovery.autoconfigure;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
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
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * What a person sees whom etcd does not let in.
 */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class WrongPasswordIntegrationTests {

	private static final String ADVICE = "Check 'spring.cloud.etcd.username' and 'spring.cloud.etcd.password', "
			+ "and whether authentication is enabled in etcd";

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@Test
	void startsAndSaysSoOnceWithAWrongPassword(CapturedOutput output) {
		etcd.admin().enableAuth();
		startsAndWarns(output, Map.of("username", "root", "password", "s3cret"), "refused the credentials", ADVICE);
	}

	@Test
	void startsAndSaysSoOnceWithoutCredentials(CapturedOutput output) {
		etcd.admin().enableAuth();
		startsAndWarns(output, Map.of(), "refused the credentials", ADVICE);
	}

	@Test
	void registersAndSaysSoOnceWithCredentialsThatEtcdDoesNotAskFor(CapturedOutput output) {
		try (ConfigurableApplicationContext context = run(Map.of("username", "root", "password", "s3cret"))) {
			await().until(() -> etcd.admin().keys("services/app/").size() == 1);
			DiscoveryClient client = context.getBean(DiscoveryClient.class);
			await().until(() -> client.getServices().equals(List.of("app")));
		}
		assertThat(output.getAll().lines().filter((line) -> line.contains(" WARN "))).singleElement()
			.asString()
			.contains("etcd has authentication switched off", "'spring.cloud.etcd.username'")
			.doesNotContain("s3cret");
	}

	@Test
	void startsAndSaysSoOnceWithoutPermission(CapturedOutput output) {
		etcd.admin().addRole("elsewhere");
		etcd.admin().grantReadWrite("elsewhere", "elsewhere/");
		etcd.admin().addUser("alice", "s3cret", "elsewhere");
		etcd.admin().enableAuth();
		startsAndWarns(output, Map.of("username", "alice", "password", "s3cret"), "permission denied",
				"Grant the etcd user of 'spring.cloud.etcd.username' the permission");
	}

	@Test
	void registersOnceItIsLetIn(CapturedOutput output) {
		etcd.admin().addUser("alice", "other");
		etcd.admin().addRole("services");
		etcd.admin().grantReadWrite("services", "services/");
		etcd.admin().etcdctl("user", "grant-role", "alice", "services");
		etcd.admin().enableAuth();
		try (ConfigurableApplicationContext context = run(Map.of("username", "alice", "password", "s3cret"))) {
			await().until(() -> output.getAll().contains("Cannot register yet"));
			assertThat(etcd.admin().keys("")).isEmpty();
			etcd.admin().changePassword("alice", "s3cret");
			await().until(() -> etcd.admin().keys("services/app/").size() == 1);
			DiscoveryClient client = context.getBean(DiscoveryClient.class);
			await().until(() -> client.getServices().equals(List.of("app")));
		}
		assertThat(etcd.admin().keys("")).isEmpty();
	}

	@Test
	void exitsWithAnExplanationWhenThatIsWanted(CapturedOutput output) {
		etcd.admin().enableAuth();
		assertThatExceptionOfType(RuntimeException.class).isThrownBy(
				() -> run(Map.of("username", "root", "password", "s3cret", "discovery.fail-fast", "true")).close());
		assertThat(output).containsSubsequence("APPLICATION FAILED TO START", "Description:", "'services/app/",
				"could not be registered: etcd at " + etcd.clientUrl() + " refused the credentials", "Action:", ADVICE,
				"set 'spring.cloud.etcd.discovery.fail-fast' to false.");
		assertThat(output).doesNotContain("\tat ", "Application run failed", "s3cret");
		assertThat(etcd.admin().keys("")).isEmpty();
	}

	/**
	 * Patient, since a build shares its machine.
	 */
	private static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(30));
	}

	/**
	 * Waits for two rounds of attempts, so that a second warning would be seen.
	 */
	private static void startsAndWarns(CapturedOutput output, Map<String, Object> properties, String what,
			String advice) {
		try (ConfigurableApplicationContext context = run(properties)) {
			assertThat(context.isRunning()).isTrue();
			await().until(() -> output.getAll().contains("Still no lease renewed")
					|| output.getAll().contains("Cannot write 'services/app/"));
			// Where only people can help, the next attempt is seconds away
			await().until(() -> output.getAll().contains("is still not synchronised")
					|| output.getAll().contains("permission denied. Grant"));
		}
		assertThat(output.getAll().lines().filter((line) -> line.contains(" WARN "))).hasSize(2)
			.allSatisfy((line) -> assertThat(line).contains(etcd.clientUrl(), what, advice))
			.anySatisfy((line) -> assertThat(line).contains("Cannot follow 'services/*'"))
			.anySatisfy((line) -> assertThat(line).containsAnyOf("Cannot register yet", "Cannot write 'services/app/"));
		assertThat(output).doesNotContain("\tat ", " ERROR ", "s3cret");
		assertThat(etcd.admin().keys("")).isEmpty();
	}

	private static ConfigurableApplicationContext run(Map<String, Object> properties) {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.setBannerMode(Banner.Mode.OFF);
		Map<String, Object> all = new HashMap<>(Map.of("spring.application.name", "app", "spring.cloud.etcd.endpoints",
				etcd.clientUrl(), "spring.cloud.etcd.discovery.port", "8080", "spring.cloud.etcd.discovery.drain", "0s",
				"logging.level.io.github.etcddiscovery", "DEBUG"));
		properties.forEach((name, value) -> all.put("spring.cloud.etcd." + name, value));
		application.setDefaultProperties(all);
		return application.run();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}
