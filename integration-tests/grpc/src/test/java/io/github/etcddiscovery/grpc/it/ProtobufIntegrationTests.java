package io.github.etcddiscovery.grpc.it;

import java.nio.file.Path;
import java.time.Duration;

import com.google.protobuf.RuntimeVersion;
import io.github.etcddiscovery.testing.CertificateAuthority;
import io.github.etcddiscovery.testing.EtcdCluster;
import io.grpc.ManagedChannel;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.WebApplicationType;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * jetcd has been generated for protobuf 3, and Spring's gRPC brings protobuf 4: each kind
 * of request that we make of etcd passes with it.
 */
@Timeout(120)
class ProtobufIntegrationTests {

	@TempDir
	static Path directory;

	@Test
	void putsWatchesRenewsAndLogsInByTls() {
		assertThat(RuntimeVersion.MAJOR).isGreaterThanOrEqualTo(4);
		CertificateAuthority authority = new CertificateAuthority(directory, "authority");
		CertificateAuthority.Issued server = authority.server("127.0.0.1");
		try (EtcdCluster etcd = EtcdCluster.builder()
			.tls("--cert-file", server.certificate().toString(), "--key-file", server.key().toString())
			.build()
			.start()) {
			etcd.admin().addRole("services");
			etcd.admin().grantReadWrite("services", "services/");
			etcd.admin().addUser("alice", "secret", "services");
			etcd.admin().enableAuth();
			String[] login = { "--spring.cloud.etcd.username=alice", "--spring.cloud.etcd.password=secret",
					"--spring.cloud.etcd.ssl.bundle=etcd",
					"--spring.ssl.bundle.pem.etcd.truststore.certificate=" + authority.certificate(),
					"--spring.cloud.etcd.discovery.ttl=2s" };
			try (ConfigurableApplicationContext consumer = Applications.consumer(etcd.clientUrl(),
					"discovery:///orders", login)) {
				ManagedChannel channel = Applications.channel(consumer);
				try (ConfigurableApplicationContext provider = Applications.provider(WebApplicationType.NONE,
						etcd.clientUrl(), login)) {
					soon().ignoreExceptions().until(() -> Echo.call(channel).equals("orders"));
					String key = etcd.admin().keys("services/orders/").get(0);
					long lease = etcd.admin().leaseOf(key);
					etcd.admin().delete(key);
					soon().until(() -> etcd.admin().keys("services/orders/").contains(key));
					// For longer than the lease lives without renewals
					Awaitility.await()
						.during(Duration.ofSeconds(4))
						.atMost(Duration.ofSeconds(10))
						.until(() -> etcd.admin().leaseOf(key) == lease);
				}
				assertThat(etcd.admin().keys("services/orders/")).isEmpty();
			}
		}
	}

	private static ConditionFactory soon() {
		return Awaitility.await().atMost(Duration.ofSeconds(20));
	}

}
