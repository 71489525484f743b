package io.github.etcddiscovery.autoconfigure;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

import io.etcd.jetcd.ByteSequence;
import io.github.etcddiscovery.testing.CertificateAuthority;
import io.github.etcddiscovery.testing.EtcdCluster;
import io.github.etcddiscovery.testing.TcpProxy;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A client's certificate that is replaced on disk while the application runs. etcd takes
 * the name in it for the user, so what is allowed tells which one is in use.
 */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class CertificateRotationIntegrationTests {

	@TempDir
	static Path directory;

	private static CertificateAuthority authority;

	private static EtcdCluster etcd;

	private TcpProxy proxy;

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
		etcd.reset();
		etcd.admin().addRole("services");
		etcd.admin().grantReadWrite("services", "services/");
		etcd.admin().addUser("alice", "unused", "services");
		etcd.admin().addUser("bob", "unused", "services");
		etcd.admin().enableAuth();
		this.proxy = TcpProxy.to(etcd.clientUrl());
	}

	@AfterEach
	void disconnect() {
		this.proxy.close();
	}

	@Test
	void goesOverToTheNewCertificateAndLosesNothing(CapturedOutput output) {
		present("alice", Duration.ofDays(90));
		try (GuardedApplication application = run()) {
			long lease = etcd.admin().leaseOf(key());
			present("bob", Duration.ofDays(90));
			int port = 0;
			while (!output.getAll().contains("The certificates for etcd were replaced")) {
				etcd.admin().put("services/next", "http://10.0.0.1:" + ++port);
			}
			etcd.admin().etcdctl("user", "delete", "alice");
			String last = "http://10.0.0.1:" + ++port;
			etcd.admin().put("services/next", last);
			GuardedApplication.await().until(() -> application.urls("next").equals(List.of(last)));
			assertThat(etcd.admin().leaseOf(key())).isEqualTo(lease);
			// Whoever puts it back is bob
			etcd.admin().delete(key());
			GuardedApplication.await().until(() -> etcd.admin().keys("services/app/").size() == 1);
			assertThat(etcd.admin().leaseOf(key())).isEqualTo(lease);
			// The old connection is closed, and so is each watch on it
			GuardedApplication.await().until(() -> this.proxy.connections() == 1);
			assertThat(application.isSynced()).isTrue();
			assertThat(application.relists()).as("failures").isZero();
		}
		assertThat(output.getAll().lines().filter((line) -> line.contains(" WARN "))).isEmpty();
	}

	@Test
	void injectedClientUsesTheNewCertificateFromItsNextConnectionOn(CapturedOutput output) {
		present("alice", Duration.ofDays(90));
		try (GuardedApplication application = run()) {
			ByteSequence key = ByteSequence.from("services/app", StandardCharsets.UTF_8);
			assertThat(application.client().getKVClient().get(key)).succeedsWithin(Duration.ofSeconds(10));
			present("bob", Duration.ofDays(90));
			GuardedApplication.await().until(() -> output.getAll().contains("The certificates for etcd were replaced"));
			etcd.admin().etcdctl("user", "delete", "alice");
			this.proxy.cutConnections();
			GuardedApplication.await()
				.untilAsserted(() -> assertThat(application.client().getKVClient().get(key))
					.succeedsWithin(Duration.ofSeconds(5)));
		}
	}

	@Test
	void servesOnAndTriesSlowlyWithACertificateThatHasEnded(CapturedOutput output) {
		present("alice", Duration.ofDays(90));
		try (GuardedApplication application = run()) {
			present("alice", Duration.ofDays(-1));
			GuardedApplication.await()
				.until(() -> output.getAll().contains("it refused this application's certificate"));
			assertThat(output).contains("The client certificate 'CN=alice' for etcd has expired");
			long before = this.proxy.acceptedConnections();
			long start = System.nanoTime();
			Awaitility.await()
				.during(Duration.ofSeconds(5))
				.atMost(Duration.ofSeconds(20))
				.until(() -> application.services().equals(List.of("app")));
			long seconds = Duration.ofNanos(System.nanoTime() - start).toSeconds();
			assertThat(this.proxy.acceptedConnections() - before).isLessThanOrEqualTo(4 * (seconds + 1));
			assertThat(application.urls("app")).hasSize(1);
			present("bob", Duration.ofDays(90));
			GuardedApplication.await().until(application::isSynced);
			GuardedApplication.await().until(() -> etcd.admin().keys("services/app/").size() == 1);
		}
	}

	private static void present(String user, Duration validity) {
		authority.client("app", user, validity);
	}

	private GuardedApplication run() {
		String bundle = "spring.ssl.bundle.pem.etcd.";
		GuardedApplication application = GuardedApplication.run(Map.of(".endpoints", this.proxy.url(), ".ssl.bundle",
				"etcd", bundle + "reload-on-update", "true", bundle + "truststore.certificate",
				"file:" + authority.certificate(), bundle + "keystore.certificate", "file:" + directory + "/app.pem",
				bundle + "keystore.private-key", "file:" + directory + "/app-key.pem"));
		GuardedApplication.await().until(() -> application.services().equals(List.of("app")));
		return application;
	}

	private static String key() {
		return etcd.admin().keys("services/app/").get(0);
	}

}
