package io.github.etcddiscovery.production;

import io.github.etcddiscovery.production.Application.Answer;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/**
 * Whether requests are served by virtual threads makes no difference to the starter.
 */
@Timeout(180)
@ExtendWith(OutputCaptureExtension.class)
class VirtualThreadsIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void registersCallsAndStops(boolean virtual, CapturedOutput output) {
		assumeTrue(!virtual || Runtime.version().feature() >= 21,
				"Spring Boot has virtual threads from Java 21 on, and this is Java " + Runtime.version().feature());
		String threads = "--spring.threads.virtual.enabled=" + virtual;
		try (ConfigurableApplicationContext back = Application.run(etcd, WebApplicationType.SERVLET, "back", threads);
				ConfigurableApplicationContext front = Application.run(etcd, WebApplicationType.SERVLET, "front",
						threads)) {
			Application.awaitBack(front);
			Answer answer = Application.http(front)
				.get()
				.uri("/blocking")
				.headers(Application.CREDENTIALS)
				.retrieve()
				.requiredBody(Answer.class);
			assertThat(answer.thread().startsWith("VirtualThread")).isEqualTo(virtual);
		}
		assertThat(etcd.admin().keys("services/")).isEmpty();
		assertThat(etcd.admin().leases()).isEmpty();
		Application.await()
			.untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet()).extracting(Thread::getName)
				.noneMatch((name) -> name.startsWith("etcd-")));
		assertThat(output.getAll().lines()).noneMatch((line) -> line.contains(" WARN ") || line.contains(" ERROR "));
	}

}
