package io.github.etcddiscovery.autoconfigure;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.testing.CertificateAuthority;
import io.github.etcddiscovery.testing.EtcdCluster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * An etcd that speaks TLS and asks for certificates.
 */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class TlsIntegrationTests {

	private static final String ADVICE = "Check the SSL bundle that 'spring.cloud.etcd.ssl.bundle' names";

	@TempDir
	static Path directory;

	private static CertificateAuthority authority;

	private static EtcdCluster etcd;

	@BeforeAll
	static void start() {
		authority = new CertificateAuthority(directory, "authority");
		CertificateAuthority.Issued server = authority.server("127.0.0.1");
		etcd = EtcdCluster.builder()
			.tls("--cert-file", server.certificate().toString(), "--key-file", server.key().toString(),
					"--trusted-ca-file", authority.certificate().toString(), "--client-cert-auth")
			.build()
			.start();
	}

	@AfterAll
	static void stop() {
		etcd.close();
	}

	@BeforeEach
	void reset() {
		// Read from disk at each handshake
		authority.server("127.0.0.1");
		etcd.reset();
	}

	@Test
	void registersAndDiscoversWithCertificatesInPemFiles() {
		registersAndDiscovers(pem(authority, authority.client("app", Duration.ofDays(90))));
	}

	@Test
	void registersAndDiscoversWithJavaKeyStores() {
		CertificateAuthority.Issued client = authority.client("app", Duration.ofDays(90));
		String bundle = "spring.ssl.bundle.jks.etcd.";
		registersAndDiscovers(Map.of(".endpoints", etcd.clientUrl(), ".ssl.bundle", "etcd",
				bundle + "truststore.location", "file:" + authority.trustStore("JKS"), bundle + "truststore.password",
				CertificateAuthority.STORE_PASSWORD, bundle + "keystore.location", "file:" + client.keyStore("JKS"),
				bundle + "keystore.password", CertificateAuthority.STORE_PASSWORD));
	}

	@Test
	void isTheUserThatItsCertificateNames() {
		etcd.admin().addRole("services");
		etcd.admin().grantReadWrite("services", "services/");
		etcd.admin().addUser("alice", "unused", "services");
		etcd.admin().enableAuth();
		registersAndDiscovers(pem(authority, authority.client("alice", Duration.ofDays(90))));
	}

	@Test
	void trustsWhatTheJvmTrustsWhereThereIsNoBundle() {
		String property = "javax.net.ssl.trustStore";
		CertificateAuthority.Issued server = authority.server("127.0.0.1");
		System.setProperty(property, authority.trustStore("JKS").toString());
		try (EtcdCluster anonymous = EtcdCluster.builder()
			.tls("--cert-file", server.certificate().toString(), "--key-file", server.key().toString())
			.build()
			.start();
				GuardedApplication application = GuardedApplication.run(Map.of(".endpoints", anonymous.clientUrl()))) {
			GuardedApplication.await().until(() -> application.services().equals(List.of("app")));
		}
		finally {
			System.clearProperty(property);
		}
	}

	@Test
	void refusesACertificateOfAnotherAuthority(CapturedOutput output) {
		CertificateAuthority other = new CertificateAuthority(directory, "other");
		refuses(pem(other, authority.client("app", Duration.ofDays(90))), output,
				"failed: its certificate is not from a trusted authority", ADVICE);
	}

	@Test
	void refusesACertificateForAnotherHost(CapturedOutput output) {
		authority.server("127.0.0.2");
		refuses(pem(authority, authority.client("app", Duration.ofDays(90))), output,
				"failed: its certificate is for another host (No subject alternative names matching IP address 127.0.0.1",
				ADVICE);
	}

	@Test
	void saysThatEtcdWantsACertificate(CapturedOutput output) {
		refuses(pem(authority, null), output, "failed: it refused this application's certificate or requires one",
				ADVICE);
	}

	@Test
	void saysThatEtcdDoesNotSpeakTls(CapturedOutput output) {
		try (EtcdCluster plain = EtcdCluster.single().start()) {
			Map<String, Object> properties = new HashMap<>(pem(authority, null));
			properties.put(".endpoints", plain.clientUrl().replace("http:", "https:"));
			refuses(properties, output, "can't be reached at", "perhaps only one of the two speaks TLS");
		}
	}

	@Test
	void exitsWithAnExplanationWhenThatIsWanted(CapturedOutput output) {
		CertificateAuthority other = new CertificateAuthority(directory, "other");
		Map<String, Object> properties = new HashMap<>(pem(other, authority.client("app", Duration.ofDays(90))));
		properties.put(".discovery.fail-fast", "true");
		assertThatExceptionOfType(RuntimeException.class).isThrownBy(() -> GuardedApplication.run(properties).close());
		assertThat(output).containsSubsequence("APPLICATION FAILED TO START", "Description:", "'services/app/",
				"could not be registered: TLS to etcd at " + etcd.clientUrl() + " failed: "
						+ "its certificate is not from a trusted authority",
				"Action:", ADVICE);
		assertThat(output).doesNotContain("Application run failed");
	}

	private static void registersAndDiscovers(Map<String, ?> properties) {
		try (GuardedApplication application = GuardedApplication.run(properties)) {
			GuardedApplication.await().until(() -> application.services().equals(List.of("app")));
			assertThat(etcd.admin().keys("services/app/")).hasSize(1);
		}
		assertThat(etcd.admin().keys("")).isEmpty();
	}

	private static void refuses(Map<String, ?> properties, CapturedOutput output, String... why) {
		try (GuardedApplication application = GuardedApplication.run(properties)) {
			GuardedApplication.await().until(() -> output.getAll().contains("Cannot register yet: "));
			GuardedApplication.await().until(() -> output.getAll().contains("Cannot follow 'services/*': "));
			assertThat(application.isSynced()).isFalse();
		}
		assertThat(output.getAll().lines().filter((line) -> line.matches(".* WARN .*: Cannot .*"))).hasSize(2)
			.allSatisfy((line) -> assertThat(line).contains(why));
		assertThat(etcd.admin().keys("")).isEmpty();
	}

	private static Map<String, Object> pem(CertificateAuthority trusted, CertificateAuthority.Issued client) {
		String bundle = "spring.ssl.bundle.pem.etcd.";
		Map<String, Object> properties = new HashMap<>(Map.of(".endpoints", etcd.clientUrl(), ".ssl.bundle", "etcd",
				bundle + "truststore.certificate", "file:" + trusted.certificate()));
		if (client != null) {
			properties.put(bundle + "keystore.certificate", "file:" + client.certificate());
			properties.put(bundle + "keystore.private-key", "file:" + client.key());
		}
		return properties;
	}

}
