package io.github.etcddiscovery.production;

import io.github.etcddiscovery.production.Application.Answer;
import io.github.etcddiscovery.production.Application.Observed;
import io.github.etcddiscovery.registry.EtcdRegistration;
import io.github.etcddiscovery.registry.EtcdServiceRegistry;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.tracing.Tracer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.WebApplicationType;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A trace goes from the caller of an application through its load-balanced call to the
 * instance that is called, and what the starter does about etcd does not get in between.
 */
@Timeout(180)
class TracingIntegrationTests {

	private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";

	private static final String SPAN = "b7ad6b7169203331";

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@ParameterizedTest
	@CsvSource({ "SERVLET, /blocking", "REACTIVE, /reactive" })
	void callCarriesTheTraceOn(WebApplicationType type, String path) {
		try (ConfigurableApplicationContext back = Application.run(etcd, type, "back");
				ConfigurableApplicationContext front = Application.run(etcd, type, "front")) {
			Application.awaitBack(front);
			Answer answer = Application.http(front)
				.get()
				.uri(path)
				.header("traceparent", "00-" + TRACE + "-" + SPAN + "-01")
				.headers(Application.CREDENTIALS)
				.retrieve()
				.requiredBody(Answer.class);
			assertThat(answer.traceparent()).startsWith("00-" + TRACE + "-").doesNotContain(SPAN);
		}
	}

	@Test
	void registrationIsAPartOfTheTraceAndDoesNotEndIt() {
		try (ConfigurableApplicationContext back = Application.run(etcd, WebApplicationType.SERVLET, "back");
				ConfigurableApplicationContext front = Application.run(etcd, WebApplicationType.SERVLET, "front")) {
			Application.awaitBack(front);
			ObservationRegistry observations = front.getBean(ObservationRegistry.class);
			assertThat(observations.getCurrentObservation()).isNull();
			Observed observed = front.getBean(Observed.class);
			Application.await()
				.untilAsserted(() -> assertThat(observed.within(null)).contains("etcd.discovery.list",
						"etcd.discovery.register"));
			EtcdServiceRegistry registry = front.getBean(EtcdServiceRegistry.class);
			EtcdRegistration registration = front.getBean(EtcdRegistration.class);
			Tracer tracer = front.getBean(Tracer.class);
			Observation work = Observation.createNotStarted("work", observations);
			work.observe(() -> {
				registry.deregister(registration);
				registry.register(registration);
				Answer answer = front.getBean(Application.class).callBlocking();
				assertThat(tracer.currentTraceContext().context()).isNotNull()
					.satisfies((trace) -> assertThat(answer.traceparent()).startsWith("00-" + trace.traceId() + "-"));
			});
			Application.await()
				.untilAsserted(() -> assertThat(observed.within(work)).containsExactlyInAnyOrder(
						"etcd.discovery.deregister", "etcd.discovery.register", "http.client.requests"));
		}
	}

}
