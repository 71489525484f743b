package io.github.etcddiscovery.sample;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.web.client.RestClient;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * End-to-end tests: two providers and a consumer that finds and calls them through an
 * etcd with authentication.
 */
@ExtendWith(OutputCaptureExtension.class)
class SampleServiceIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private final List<ConfigurableApplicationContext> applications = new ArrayList<>();

	@BeforeEach
	void enableAuth() {
		etcd.admin().enableAuth();
	}

	@AfterEach
	void closeApplications() {
		this.applications.forEach(ConfigurableApplicationContext::close);
	}

	@Test
	void registersUnderServiceNameAndInstanceId() {
		Self provider = self(run("myapp"));
		assertThat(provider.service()).isEqualTo("myapp");
		assertThat(provider.port()).isPositive();
		await().untilAsserted(() -> assertThat(etcd.admin().keys("services/")).containsExactly(key("myapp", provider)));
		assertThat(etcd.admin().leaseOf(key("myapp", provider))).isNotZero();
	}

	@Test
	void seesAllServicesAndCallsTheirInstancesInTurn() {
		Self one = self(run("myapp"));
		Self other = self(run("myapp"));
		RestClient consumer = run("consumer");
		await().untilAsserted(() -> {
			assertThat(services(consumer)).containsOnlyKeys("consumer", "myapp");
			assertThat(services(consumer).get("myapp")).extracting(Peer::instanceId)
				.containsExactlyInAnyOrder(one.instanceId(), other.instanceId());
		});
		assertThat(services(consumer).get("myapp")).allSatisfy((peer) -> {
			assertThat(peer.status()).isEqualTo("UP");
			assertThat(peer.uri()).startsWith("http://127.0.0.1:");
		});
		Set<Self> answers = new LinkedHashSet<>();
		for (int i = 0; i < 4; i++) {
			answers.add(call(consumer, "myapp"));
		}
		assertThat(answers).containsExactlyInAnyOrder(one, other);
	}

	@Test
	void noCallReachesInstanceThatWasStopped(CapturedOutput output) {
		Self one = self(run("myapp"));
		Self other = self(run("myapp"));
		RestClient consumer = run("consumer");
		await().untilAsserted(() -> assertThat(services(consumer).get("myapp")).hasSize(2));
		this.applications.get(1).close();
		assertThat(etcd.admin().keys("services/myapp/")).containsExactly(key("myapp", one));
		await().untilAsserted(() -> assertThat(services(consumer).get("myapp")).extracting(Peer::instanceId)
			.containsExactly(one.instanceId()));
		for (int i = 0; i < 4; i++) {
			assertThat(call(consumer, "myapp")).isEqualTo(one);
		}
		assertThat(output).contains("Service 'myapp': removed " + other.instanceId());
	}

	@Test
	void nothingIsLeftInEtcdWhenAllHaveStopped() {
		run("myapp");
		run("consumer");
		await().untilAsserted(() -> assertThat(etcd.admin().keys("services/")).hasSize(2));
		closeApplications();
		assertThat(etcd.admin().keys("services/")).isEmpty();
		assertThat(etcd.admin().leases()).isEmpty();
	}

	@Test
	void seesAndCallsInstanceThatIsJustAnAddress() {
		Self provider = self(run("myapp"));
		etcd.admin().put("services/plain", "http://127.0.0.1:" + provider.port());
		RestClient consumer = run("consumer");
		await().untilAsserted(() -> assertThat(services(consumer).get("plain")).singleElement()
			.extracting(Peer::uri)
			.isEqualTo("http://127.0.0.1:" + provider.port()));
		assertThat(call(consumer, "plain")).isEqualTo(provider);
	}

	@Test
	void callGoesToNextInstanceWhenOneDoesNotAnswer() {
		Self provider = self(run("myapp"));
		RestClient consumer = run("consumer");
		// Nobody listens on port 1: like a process that was killed, until its lease ends.
		etcd.admin().put("services/myapp/killed", "http://127.0.0.1:1");
		await().untilAsserted(() -> assertThat(services(consumer).get("myapp")).hasSize(2));
		for (int i = 0; i < 4; i++) {
			assertThat(call(consumer, "myapp")).isEqualTo(provider);
		}
	}

	@Test
	void callOfUnknownServiceAnswersWithSentence() {
		RestClient consumer = run("consumer");
		ResponseEntity<ProblemDetail> answer = failingCall(consumer, "nobody");
		assertThat(answer.getStatusCode().value()).isEqualTo(404);
		assertThat(answer.getBody()).isNotNull()
			.extracting(ProblemDetail::getDetail)
			.isEqualTo("No instance of service 'nobody' is registered.");
	}

	@Test
	void callThatReachesNobodyAnswersWithSentence() {
		RestClient consumer = run("consumer");
		etcd.admin().put("services/gone", "http://127.0.0.1:1");
		await().untilAsserted(() -> assertThat(services(consumer)).containsKey("gone"));
		ResponseEntity<ProblemDetail> answer = failingCall(consumer, "gone");
		assertThat(answer.getStatusCode().value()).isEqualTo(503);
		assertThat(answer.getBody()).isNotNull()
			.extracting(ProblemDetail::getDetail)
			.isEqualTo("No instance of service 'gone' can be reached.");
	}

	private RestClient run(String name) {
		ConfigurableApplicationContext application = new SpringApplicationBuilder(SampleApplication.class).run(
				"--spring.application.name=" + name, "--server.address=127.0.0.1", "--server.port=0",
				"--spring.cloud.etcd.endpoints=" + etcd.clientUrl(), "--spring.cloud.etcd.username=root",
				"--spring.cloud.etcd.password=root", "--spring.cloud.etcd.discovery.ip-address=127.0.0.1");
		this.applications.add(application);
		int port = ((WebServerApplicationContext) application).getWebServer().getPort();
		return RestClient.create("http://127.0.0.1:" + port);
	}

	private static Self self(RestClient application) {
		return application.get().uri("/").retrieve().requiredBody(Self.class);
	}

	private static Map<String, List<Peer>> services(RestClient application) {
		return application.get().uri("/services").retrieve().requiredBody(new ParameterizedTypeReference<>() {
		});
	}

	private static Self call(RestClient application, String service) {
		return application.get().uri("/call/{service}", service).retrieve().requiredBody(Self.class);
	}

	private static ResponseEntity<ProblemDetail> failingCall(RestClient application, String service) {
		return application.get()
			.uri("/call/{service}", service)
			.retrieve()
			.onStatus(HttpStatusCode::isError, (request, response) -> {
			})
			.toEntity(ProblemDetail.class);
	}

	private static String key(String service, Self self) {
		return "services/" + service + "/" + self.instanceId();
	}

	private static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(20)).pollInterval(Duration.ofMillis(50));
	}

	/**
	 * The answer of {@code /}, as others read it.
	 *
	 * @param service the name of the service
	 * @param instanceId the id of the instance
	 * @param port its port
	 */
	record Self(String service, String instanceId, int port) {

	}

	/**
	 * An element of the answer of {@code /services}, as others read it.
	 *
	 * @param instanceId the id of the instance
	 * @param uri where it is called
	 * @param status its status
	 * @param metadata its metadata
	 */
	record Peer(String instanceId, String uri, String status, Map<String, String> metadata) {

	}

}
