package io.github.etcddiscovery.testcontainers;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

import io.etcd.jetcd.launcher.EtcdContainer;
import io.github.etcddiscovery.client.EtcdConnectionDetails;
import io.github.etcddiscovery.docker.EtcdImages;
import io.github.etcddiscovery.testing.CertificateAuthority;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.MountableFile;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.testcontainers.context.ImportTestcontainers;
import org.springframework.boot.testcontainers.service.connection.PemKeyStore;
import org.springframework.boot.testcontainers.service.connection.PemTrustStore;
import org.springframework.boot.testcontainers.service.connection.ServiceConnection;
import org.springframework.boot.testcontainers.service.connection.Ssl;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Applications that register in an etcd in a real container, about which no property says
 * anything.
 */
@Tag("docker")
class ContainersIntegrationTests {

	/**
	 * On the class path, where annotations and jetcd's launcher look for certificates.
	 */
	private static final String CERTIFICATES = "ssl/cert/";

	@BeforeAll
	static void issueCertificates() throws Exception {
		Path classes = Path
			.of(ContainersIntegrationTests.class.getProtectionDomain().getCodeSource().getLocation().toURI());
		CertificateAuthority authority = new CertificateAuthority(
				Files.createDirectories(classes.resolve(CERTIFICATES)), "authority");
		authority.server("127.0.0.1");
		authority.client("app", Duration.ofDays(90));
	}

	@Test
	void registersInEtcdContainer() {
		assertRegistersAndIsFound(WithEtcdContainer.class, "http");
	}

	@Test
	void registersInAContainerThatIsKnownByItsImage() {
		InField.etcd = etcd("http");
		assertRegistersAndIsFound(InField.class, "http");
	}

	@Test
	void authenticatesWithTheRootPasswordOfBitnamisImage() throws Exception {
		try (GenericContainer<?> etcd = bitnami("ETCD_ROOT_PASSWORD", "secret")) {
			etcd.start();
			assertThat(etcd.execInContainer("etcdctl", "get", "any").getStderr()).contains("user name is empty");
			InField.etcd = etcd;
			assertRegistersAndIsFound(InField.class, "http");
		}
	}

	@Test
	void doesNotAuthenticateWhereBitnamisImageAllowsThat() {
		InField.etcd = bitnami("ALLOW_NONE_AUTHENTICATION", "yes");
		assertRegistersAndIsFound(InField.class, "http");
	}

	@Test
	void trustsAndShowsTheCertificatesOfTheAnnotations() {
		assertRegistersAndIsFound(WithCertificates.class, "https");
	}

	@Test
	void trustsTheCertificateOfEtcdContainerThatSpeaksTls() {
		assertRegistersAndIsFound(WithEtcdContainerThatSpeaksTls.class, "https");
	}

	private static void assertRegistersAndIsFound(Class<?> configuration, String scheme) {
		try (ConfigurableApplicationContext application = new SpringApplicationBuilder(Application.class, configuration)
			.web(WebApplicationType.NONE)
			.properties("spring.application.name=app", "spring.cloud.config.enabled=false",
					"spring.cloud.etcd.endpoints=http://127.0.0.1:1", "spring.cloud.etcd.discovery.port=8080",
					"spring.cloud.etcd.discovery.drain=0s")
			.run()) {
			DiscoveryClient discovery = application.getBean(DiscoveryClient.class);
			Awaitility.await()
				.atMost(Duration.ofSeconds(30))
				.untilAsserted(() -> assertThat(discovery.getInstances("app")).hasSize(1));
			assertThat(application.getBean(EtcdConnectionDetails.class).getEndpoints()).singleElement()
				.asString()
				.startsWith(scheme + "://");
		}
	}

	private static GenericContainer<?> etcd(String scheme) {
		String urls = scheme + "://0.0.0.0:2379";
		return new GenericContainer<>(EtcdImages.official())
			.withCommand("etcd", "--data-dir", "/tmp/etcd", "--listen-client-urls", urls, "--advertise-client-urls",
					urls)
			.withExposedPorts(2379)
			.waitingFor(Wait.forLogMessage(".*ready to serve client requests.*", 1));
	}

	private static GenericContainer<?> bitnami(String variable, String value) {
		return new GenericContainer<>(EtcdImages.BITNAMI).withEnv(variable, value)
			.withExposedPorts(2379)
			.waitingFor(Wait.forHttp("/health").forPort(2379));
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

	@Configuration(proxyBeanMethods = false)
	static class WithEtcdContainer {

		@Bean
		@ServiceConnection
		EtcdContainer etcd() {
			return new EtcdContainer(EtcdImages.official(), "node", List.of()).withShouldMountDataDirectory(false);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class WithEtcdContainerThatSpeaksTls {

		@Bean
		@ServiceConnection
		@Ssl
		EtcdContainer etcd() {
			return new EtcdContainer(EtcdImages.official(), "server", List.of()).withSll(true)
				.withShouldMountDataDirectory(false);
		}

	}

	@Configuration(proxyBeanMethods = false)
	@ImportTestcontainers
	static class InField {

		/**
		 * A field has to have it when the context starts, so each test sets its own.
		 */
		@ServiceConnection
		static GenericContainer<?> etcd = etcd("http");

	}

	@Configuration(proxyBeanMethods = false)
	@ImportTestcontainers
	static class WithCertificates {

		@ServiceConnection
		@PemTrustStore("classpath:" + CERTIFICATES + "authority.pem")
		@PemKeyStore(certificate = "classpath:" + CERTIFICATES + "app.pem",
				privateKey = "classpath:" + CERTIFICATES + "app-key.pem")
		static final GenericContainer<?> etcd = etcd("https")
			.withCopyFileToContainer(MountableFile.forClasspathResource(CERTIFICATES), "/certs")
			.withEnv("ETCD_CERT_FILE", "/certs/server.pem")
			.withEnv("ETCD_KEY_FILE", "/certs/server-key.pem")
			.withEnv("ETCD_TRUSTED_CA_FILE", "/certs/authority.pem")
			.withEnv("ETCD_CLIENT_CERT_AUTH", "true");

	}

}
