package io.github.etcddiscovery.autoconfigure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.kv.GetResponse;
import io.github.etcddiscovery.testing.EtcdCluster;
import io.github.etcddiscovery.testing.TcpProxy;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.core.env.MapPropertySource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tokens that end and passwords that are replaced, with both kinds of token that etcd
 * has. The administrator logs in too, so logins are counted while he rests.
 */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class LoginIntegrationTests {

	private static final String PASSWORD = "s3cret";

	private static final Duration TOKEN_TTL = Duration.ofSeconds(2);

	@TempDir
	Path directory;

	@ParameterizedTest
	@ValueSource(strings = { "simple", "jwt" })
	void logsInOnceForAllRequestsWhoseTokenHasEnded(String tokens) throws Exception {
		try (EtcdCluster etcd = start(tokens); GuardedApplication application = run(etcd, etcd.clientUrl())) {
			long lease = etcd.admin().leaseOf(key(etcd));
			// Nobody asks anything, so a simple token ends too
			stays(TOKEN_TTL.plusSeconds(2), () -> application.services().equals(List.of("app")));
			asksTenTimesAtOnceWithOneLogin(etcd, application);
			assertThat(application.relists()).isZero();
			followsChanges(etcd, application);
			assertThat(etcd.admin().leaseOf(key(etcd))).isEqualTo(lease);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "simple", "jwt" })
	void logsInOnceForAllRequestsWhoseTokenBecameInvalid(String tokens) throws Exception {
		try (EtcdCluster etcd = start(tokens); GuardedApplication application = run(etcd, etcd.clientUrl())) {
			long lease = etcd.admin().leaseOf(key(etcd));
			// Users and roles have a revision that a JWT names
			etcd.admin().addRole("another");
			etcd.admin().changePassword("app", PASSWORD);
			asksTenTimesAtOnceWithOneLogin(etcd, application);
			assertThat(application.relists()).isZero();
			followsChanges(etcd, application);
			assertThat(etcd.admin().leaseOf(key(etcd))).isEqualTo(lease);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "simple", "jwt" })
	void servesOnAndAsksAtMostOncePerSecondUntilItHasTheNewPassword(String tokens, CapturedOutput output)
			throws Exception {
		try (EtcdCluster etcd = start(tokens);
				TcpProxy proxy = TcpProxy.to(etcd.clientUrl());
				GuardedApplication application = run(etcd, proxy.url())) {
			etcd.admin().put("services/other", "http://10.0.0.1:80");
			GuardedApplication.await().until(() -> application.services().equals(List.of("app", "other")));
			etcd.admin().changePassword("app", "n3w-s3cret");
			// Something to ask for: the registration and the mirror find themselves gone
			etcd.admin().delete(key(etcd));
			proxy.cutConnections();
			GuardedApplication.await().until(() -> output.getAll().contains("refused the credentials"));
			long before = etcd.member(0).logins();
			long start = System.nanoTime();
			stays(Duration.ofSeconds(5), () -> application.urls("other").equals(List.of("http://10.0.0.1:80")));
			long logins = etcd.member(0).logins() - before;
			long seconds = Duration.ofNanos(System.nanoTime() - start).toSeconds();
			assertThat(logins).isBetween(1L, seconds + 2);
			assertThat(application.isSynced()).isFalse();
			application.context()
				.getEnvironment()
				.getPropertySources()
				.addFirst(new MapPropertySource("rotated", Map.of("spring.cloud.etcd.password", "n3w-s3cret")));
			GuardedApplication.await().until(() -> !etcd.admin().keys("services/app/").isEmpty());
			followsChanges(etcd, application);
		}
		assertThat(output.getAll().lines()).anySatisfy((line) -> assertThat(line).contains(" WARN ",
				"Cannot follow 'services/*': ", "refused the credentials", "Check 'spring.cloud.etcd.username'"));
		assertThat(output).doesNotContain(PASSWORD, "\tat ");
	}

	private static void asksTenTimesAtOnceWithOneLogin(EtcdCluster etcd, GuardedApplication application) {
		long before = etcd.member(0).logins();
		List<CompletableFuture<GetResponse>> answers = Stream
			.generate(() -> application.client().getKVClient().get(ByteSequence.from("services/app".getBytes())))
			.limit(10)
			.toList();
		answers.forEach((answer) -> assertThat(answer).succeedsWithin(Duration.ofSeconds(20)));
		assertThat(etcd.member(0).logins() - before).isEqualTo(1);
	}

	private static void followsChanges(EtcdCluster etcd, GuardedApplication application) {
		for (int port = 1; port <= 20; port++) {
			etcd.admin().put("services/next", "http://10.0.0.2:" + port);
		}
		GuardedApplication.await().until(() -> application.urls("next").equals(List.of("http://10.0.0.2:20")));
	}

	private static void stays(Duration time, Callable<Boolean> condition) {
		Awaitility.await().during(time).atMost(time.plusSeconds(20)).until(condition);
	}

	private EtcdCluster start(String tokens) throws IOException, GeneralSecurityException {
		EtcdCluster.Builder builder = EtcdCluster.builder();
		EtcdCluster etcd = (tokens.equals("jwt") ? builder.flags("--auth-token", jwt())
				: builder.flags("--auth-token-ttl", Long.toString(TOKEN_TTL.toSeconds())))
			.build()
			.start();
		etcd.admin().addRole("services");
		etcd.admin().grantReadWrite("services", "services/");
		etcd.admin().addUser("app", PASSWORD, "services");
		etcd.admin().enableAuth();
		return etcd;
	}

	private String jwt() throws IOException, GeneralSecurityException {
		KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
		generator.initialize(2048);
		KeyPair pair = generator.generateKeyPair();
		return "jwt,sign-method=RS256,ttl=%ds,pub-key=%s,priv-key=%s".formatted(TOKEN_TTL.toSeconds(),
				pem("PUBLIC KEY", pair.getPublic()), pem("PRIVATE KEY", pair.getPrivate()));
	}

	private Path pem(String type, Key key) throws IOException {
		String base64 = Base64.getMimeEncoder(64, new byte[] { '\n' }).encodeToString(key.getEncoded());
		return Files.writeString(this.directory.resolve(type.replace(' ', '-') + ".pem"),
				"-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(type, base64, type));
	}

	private static GuardedApplication run(EtcdCluster etcd, String url) {
		// No renewal falls into a test, for it would log in as well
		GuardedApplication application = GuardedApplication
			.run(Map.of(".endpoints", url, ".username", "app", ".password", PASSWORD, ".discovery.ttl", "60s"));
		GuardedApplication.await().until(() -> application.services().equals(List.of("app")));
		return application;
	}

	private static String key(EtcdCluster etcd) {
		return etcd.admin().keys("services/app/").get(0);
	}

}
