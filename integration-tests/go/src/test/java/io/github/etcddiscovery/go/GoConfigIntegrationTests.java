package io.github.etcddiscovery.go;

import java.net.URI;
import java.time.Duration;

import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Configuration that programs in Go write and read means the same in Java, as it stands.
 */
@Timeout(180)
class GoConfigIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@RegisterExtension
	final Go go = new Go();

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			textBlock = """
					gozero-config | /app/config.yaml | etcd:/app/config.yaml          | /app/config.yaml  | shop:\\n  limit: "%s"\\n  name: go
					viper-config  | /app/config.json | etcd:/app/config.json          | /app/config.json  | {"shop":{"limit":%s,"name":"go"}}
					kratos-config | /kratos/         | etcd:/kratos/?format=files     | /kratos/limits.yaml | shop:\\n  limit: "%s"
					""")
	void javaReadsWhatGoWritesAndReads(String kind, String place, String location, String key, String text) {
		// Kratos merges the files below its prefix
		etcd.admin().put("/kratos/names.json", "{\"shop\":{\"name\":\"go\"}}");
		etcd.admin().put(key, text.replace("\\n", "\n").formatted("5"));
		Peer peer = this.go.run(kind,
				kind.startsWith("gozero") ? URI.create(etcd.clientUrl()).getAuthority() : etcd.clientUrl(), place);
		assertThat(peer.tell("read")).isEqualTo("5 go");
		try (ConfigurableApplicationContext context = new SpringApplicationBuilder(Application.class)
			.web(WebApplicationType.NONE)
			.run("--spring.cloud.etcd.endpoints=" + etcd.clientUrl(), "--spring.cloud.etcd.discovery.enabled=false",
					"--spring.config.import=" + location)) {
			Environment environment = context.getEnvironment();
			assertThat(environment.getProperty("shop.limit")).isEqualTo("5");
			assertThat(environment.getProperty("shop.name")).isEqualTo("go");
			peer.tell("put %s %s".formatted(key, text.formatted("6")));
			Awaitility.await()
				.atMost(Duration.ofSeconds(20))
				.untilAsserted(() -> assertThat(environment.getProperty("shop.limit")).isEqualTo("6"));
			Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> peer.tell("read").equals("6 go"));
		}
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}
