package io.github.etcddiscovery.sample;

import java.time.Duration;
import java.util.List;

import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.JavaApplication;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.web.client.RestClient;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The sample as it was processed ahead of time by the build, in a JVM of its own: it
 * registers, finds itself, calls itself load-balanced, and follows its configuration.
 */
class AheadOfTimeIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@Test
	void registersCallsLoadBalancedAndFollowsItsConfiguration() {
		etcd.admin().put("config/myapp/sample/greeting", "Good day");
		try (JavaApplication application = JavaApplication.start(SampleApplication.class,
				List.of("-Dspring.aot.enabled=true"), "--spring.application.name=myapp", "--server.address=127.0.0.1",
				"--server.port=0", "--spring.cloud.etcd.endpoints=" + etcd.clientUrl(),
				"--spring.cloud.etcd.discovery.ip-address=127.0.0.1",
				"--logging.level.io.github.etcddiscovery.loadbalancer=debug")) {
			Awaitility.await()
				.atMost(Duration.ofMinutes(2))
				.until(() -> !application.isAlive() || !etcd.admin().keys("services/").isEmpty());
			assertThat(application.output()).contains("Starting AOT-processed SampleApplication");
			JsonNode registered = JsonMapper.shared()
				.readTree(etcd.admin().values("services/myapp/").values().iterator().next());
			RestClient client = RestClient.create("http://127.0.0.1:" + registered.path("port").intValue());
			String caller = registered.path("id").stringValue();
			Awaitility.await()
				.ignoreExceptions()
				.atMost(Duration.ofSeconds(30))
				.until(() -> callee(client).equals(caller));
			assertThat(application.output()).contains("Choosing instances of 'myapp' from the catalog itself");
			assertThat(greeting(client)).isEqualTo("Good day");
			etcd.admin().put("config/myapp/sample/greeting", "Good evening");
			Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> greeting(client).equals("Good evening"));
			application.terminate();
			assertThat(etcd.admin().keys("services/")).isEmpty();
		}
	}

	private static String greeting(RestClient client) {
		return client.get().uri("/greeting").retrieve().requiredBody(String.class);
	}

	private static String callee(RestClient client) {
		byte[] answer = client.get().uri("/call/myapp").retrieve().requiredBody(byte[].class);
		return JsonMapper.shared().readTree(answer).path("instanceId").stringValue();
	}

}
