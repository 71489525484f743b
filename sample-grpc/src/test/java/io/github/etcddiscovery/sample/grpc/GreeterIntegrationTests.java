package io.github.etcddiscovery.sample.grpc;

import java.time.Duration;

import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Two of the sample's instances call each other.
 */
@ExtendWith(OutputCaptureExtension.class)
class GreeterIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@Test
	void instancesCallOneAnotherUntilTheyLeave(CapturedOutput output) {
		try (ConfigurableApplicationContext one = run("one")) {
			try (ConfigurableApplicationContext other = run("two")) {
				awaitLine(output, "Hello one, this is one");
				awaitLine(output, "Hello one, this is two");
				awaitLine(output, "Hello two, this is one");
			}
			assertThat(etcd.admin().keys("services/greeter/")).containsExactly("services/greeter/one");
			assertThat(output).doesNotContain("A call has failed");
		}
		assertThat(etcd.admin().keys("services/")).isEmpty();
	}

	private static void awaitLine(CapturedOutput output, String line) {
		Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> output.getAll().contains(line));
	}

	private static ConfigurableApplicationContext run(String id) {
		// Spring gRPC for Boot 4.0 and Boot 4.1 name the address differently
		String address = SpringBootVersion.getVersion().startsWith("4.0.") ? "host" : "address";
		return SpringApplication.run(GreeterApplication.class, "--spring.cloud.etcd.endpoints=" + etcd.clientUrl(),
				"--spring.grpc.server." + address + "=127.0.0.1", "--spring.cloud.etcd.discovery.instance-id=" + id,
				"--spring.cloud.etcd.discovery.drain=200ms");
	}

}
