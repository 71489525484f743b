package io.github.etcddiscovery.production;

import java.util.Map;

import io.github.etcddiscovery.testing.EtcdExtension;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.actuate.endpoint.web.PathMappedEndpoints;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.web.client.RestClient;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * With Spring Security on the class path, and nothing said about it, every path is locked
 * but the health endpoint: ours are no exception, and need none.
 */
@Timeout(180)
class SecurityIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@ParameterizedTest
	@EnumSource(names = { "SERVLET", "REACTIVE" })
	void registersAndCallsWhileEveryPathIsLocked(WebApplicationType type) {
		try (ConfigurableApplicationContext back = Application.run(etcd, type, "back");
				ConfigurableApplicationContext front = Application.run(etcd, type, "front")) {
			Application.awaitBack(front);
			String call = (type == WebApplicationType.SERVLET) ? "/blocking" : "/reactive";
			assertThat(status(open(front, call))).isEqualTo(200);
			assertThat(back.getBean(PathMappedEndpoints.class).getAllPaths())
				.contains("/actuator/etcddiscovery", "/actuator/health")
				.allSatisfy((path) -> assertThat(status(locked(back, path))).as(path)
					.isEqualTo(path.equals("/actuator/health") ? 200 : 401));
			assertThat(status(locked(back, "/"))).isEqualTo(401);
			assertThat(status(locked(back, "/actuator/etcddiscovery/back"))).isEqualTo(401);
		}
	}

	@ParameterizedTest
	@EnumSource(names = { "SERVLET", "REACTIVE" })
	void showsToUsersAndChangesForNobodyWhoIsNone(WebApplicationType type) {
		try (ConfigurableApplicationContext back = Application.run(etcd, type, "back")) {
			Application.awaitBack(back);
			assertThat(json(locked(back, "/actuator/health")).at("/status").asString()).isEqualTo("UP");
			assertThat(json(locked(back, "/actuator/health")).has("components")).isFalse();
			JsonNode health = json(open(back, "/actuator/health"));
			assertThat(health.at("/components/etcd/status").asString()).isEqualTo("UP");
			assertThat(health.at("/components/discoveryComposite/status").asString()).isEqualTo("UP");
			assertThat(json(open(back, "/actuator/etcddiscovery")).at("/registrations")).hasSize(1);
			assertThat(status(change(back))).isIn(401, 403);
			assertThat(status(change(back).headers(Application.CREDENTIALS))).isIn(401, 403);
			assertThat(etcd.admin().values("services/back/").values()).singleElement().asString().contains("\"UP\"");
		}
	}

	private static RestClient.RequestHeadersSpec<?> locked(ConfigurableApplicationContext context, String path) {
		return Application.http(context).get().uri(path);
	}

	private static RestClient.RequestHeadersSpec<?> open(ConfigurableApplicationContext context, String path) {
		return locked(context, path).headers(Application.CREDENTIALS);
	}

	/**
	 * Without the token that Spring Security wants against forged requests.
	 */
	private static RestClient.RequestHeadersSpec<?> change(ConfigurableApplicationContext context) {
		return Application.http(context).post().uri("/actuator/etcddiscovery/back").body(Map.of("status", "DOWN"));
	}

	private static int status(RestClient.RequestHeadersSpec<?> request) {
		return request.exchangeForRequiredValue((sent, response) -> response.getStatusCode().value());
	}

	private static JsonNode json(RestClient.RequestHeadersSpec<?> request) {
		return request.retrieve().requiredBody(JsonNode.class);
	}

}
