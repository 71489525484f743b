package io.github.etcddiscovery.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.testing.CertificateAuthority;
import io.github.etcddiscovery.testing.EtcdAdmin;
import io.github.etcddiscovery.testing.EtcdCluster;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.cloud.config.server.EnableConfigServer;
import org.springframework.cloud.context.refresh.ContextRefresher;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/**
 * A real config server that registers in etcd, and applications that find it there before
 * they have an application context.
 */
@ExtendWith(OutputCaptureExtension.class)
class ConfigServerDiscoveryIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private final List<ConfigurableApplicationContext> applications = new ArrayList<>();

	@TempDir
	private Path configuration;

	@BeforeEach
	void configure() {
		configure("hello");
	}

	@AfterEach
	void closeApplications() {
		this.applications.forEach(ConfigurableApplicationContext::close);
	}

	@Test
	void findsTheServerThatRegisteredInEtcd() {
		startServer();
		ConfigurableApplicationContext client = startClient();
		assertThat(greeting(client)).isEqualTo("hello");
		await().until(() -> client.getBean(DiscoveryClient.class).getInstances("configserver").size() == 1);
	}

	@Test
	void authenticatesBeforeThereIsAContext() {
		etcd.admin().enableAuth();
		String[] credentials = { "--spring.cloud.etcd.username=root", "--spring.cloud.etcd.password=root" };
		startServer(credentials);
		assertThat(greeting(startClient(credentials))).isEqualTo("hello");
	}

	@Test
	void speaksTlsBeforeThereIsAContext(@TempDir Path certificates) {
		CertificateAuthority authority = new CertificateAuthority(certificates, "authority");
		CertificateAuthority.Issued server = authority.server("127.0.0.1");
		CertificateAuthority.Issued client = authority.client("app", Duration.ofDays(90));
		try (EtcdCluster secured = EtcdCluster.builder()
			.tls("--cert-file", server.certificate().toString(), "--key-file", server.key().toString(),
					"--trusted-ca-file", authority.certificate().toString(), "--client-cert-auth")
			.build()
			.start()) {
			String bundle = "--spring.ssl.bundle.pem.etcd.";
			String[] tls = { "--spring.cloud.etcd.endpoints=" + secured.clientUrl(),
					"--spring.cloud.etcd.ssl.bundle=etcd",
					bundle + "truststore.certificate=file:" + authority.certificate(),
					bundle + "keystore.certificate=file:" + client.certificate(),
					bundle + "keystore.private-key=file:" + client.key() };
			startServer(secured.admin(), tls);
			assertThat(greeting(startClient(tls))).isEqualTo("hello");
			closeApplications();
		}
	}

	@Test
	void passesOverWhatIsNotUpOrCannotBeRead(CapturedOutput output) {
		etcd.admin().put("services/configserver/broken", "{");
		etcd.admin()
			.put("services/configserver/down",
					"{\"service\":\"configserver\",\"id\":\"down\",\"host\":\"127.0.0.1\",\"port\":1,\"status\":\"DOWN\"}");
		etcd.admin().put("services/configserver-other/one", "http://127.0.0.1:1");
		startServer();
		assertThat(greeting(startClient())).isEqualTo("hello");
		assertThat(output).contains("'services/configserver/broken' is passed over");
	}

	@Test
	void passesOverWhatLiesOutsideTheAllowedNetworks(CapturedOutput output) {
		etcd.admin().put("services/configserver/elsewhere", "http://10.255.255.1:1");
		etcd.admin().put("services/configserver/named", "http://localhost:1");
		startServer();
		assertThat(greeting(startClient("--spring.cloud.etcd.discovery.allowed-networks=127.0.0.0/8")))
			.isEqualTo("hello");
		assertThat(output).contains("'services/configserver/elsewhere' is passed over")
			.contains("'services/configserver/named' is passed over");
	}

	@Test
	void followsTheServerWhereverItMoves() {
		ConfigurableApplicationContext first = startServer();
		ConfigurableApplicationContext client = startClient();
		first.close();
		configure("good day");
		startServer();
		ContextRefresher refresher = client.getBean(ContextRefresher.class);
		await().untilAsserted(() -> {
			refresher.refresh();
			assertThat(greeting(client)).isEqualTo("good day");
		});
	}

	@Test
	void failsWithSentenceWhenEtcdIsAway() {
		assertThatThrownBy(() -> startClient("--spring.cloud.etcd.endpoints=http://127.0.0.1:1"))
			.isInstanceOf(EtcdAccessException.class)
			.hasMessageContaining("The config server 'configserver' cannot be looked up: ")
			.hasMessageContaining("http://127.0.0.1:1");
	}

	@Test
	void doesNotAskEtcdWhenItIsSwitchedOff() {
		startServer();
		assertThatThrownBy(() -> startClient("--spring.cloud.etcd.enabled=false"))
			.hasStackTraceContaining("No instances found of configserver (configserver)");
	}

	private void configure(String greeting) {
		try {
			Files.writeString(this.configuration.resolve("client.properties"), "greeting=" + greeting);
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private ConfigurableApplicationContext startServer(String... arguments) {
		return startServer(etcd.admin(), arguments);
	}

	private ConfigurableApplicationContext startServer(EtcdAdmin admin, String... arguments) {
		ConfigurableApplicationContext server = run(ConfigServer.class, WebApplicationType.SERVLET,
				Stream.concat(
						Stream.of("--spring.application.name=configserver", "--server.port=0",
								"--server.address=127.0.0.1", "--spring.profiles.active=native",
								"--spring.cloud.config.server.native.search-locations=" + this.configuration.toUri()),
						Stream.of(arguments)));
		await().until(() -> !admin.keys("services/configserver/").isEmpty());
		return server;
	}

	/**
	 * With a config server on the class path the client is off unless it is switched on.
	 */
	private ConfigurableApplicationContext startClient(String... arguments) {
		return run(Client.class, WebApplicationType.NONE,
				Stream.concat(Stream.of("--spring.application.name=client", "--spring.config.import=configserver:",
						"--spring.cloud.config.enabled=true", "--spring.cloud.config.discovery.enabled=true",
						"--spring.cloud.config.fail-fast=true"), Stream.of(arguments)));
	}

	private ConfigurableApplicationContext run(Class<?> type, WebApplicationType web, Stream<String> arguments) {
		ConfigurableApplicationContext application = new SpringApplicationBuilder(type).web(web)
			.properties("spring.cloud.etcd.endpoints=" + etcd.clientUrl(),
					"spring.cloud.etcd.discovery.ip-address=127.0.0.1", "spring.cloud.etcd.discovery.drain=0s")
			.run(arguments.toArray(String[]::new));
		this.applications.add(application);
		return application;
	}

	private static String greeting(ConfigurableApplicationContext application) {
		return application.getEnvironment().getRequiredProperty("greeting");
	}

	private static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(30));
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	@EnableConfigServer
	static class ConfigServer {

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Client {

	}

}
