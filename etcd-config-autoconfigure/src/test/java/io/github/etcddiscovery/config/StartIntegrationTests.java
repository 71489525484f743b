package io.github.etcddiscovery.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;

import io.github.etcddiscovery.config.ConfigState.Freshness;
import io.github.etcddiscovery.config.autoconfigure.EtcdConfigAutoConfiguration;
import io.github.etcddiscovery.testing.EtcdCluster;
import io.github.etcddiscovery.testing.EtcdMember;
import io.github.etcddiscovery.testing.TcpProxy;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.crypto.encrypt.Encryptors;
import org.springframework.security.crypto.encrypt.TextEncryptor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/**
 * How a start ends when something is wrong: each row of the table in the documentation.
 */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class StartIntegrationTests {

	private static final ConfigEtcd etcd = new ConfigEtcd();

	private static final String NOBODY = "http://127.0.0.1:1";

	@TempDir
	Path directory;

	@BeforeEach
	void clear() {
		etcd.clear();
	}

	@AfterAll
	static void close() {
		etcd.close();
	}

	private static ConfigurableApplicationContext start(String url, String... arguments) {
		return ConfigEtcd.builder(Application.class).run(ConfigEtcd.arguments(url, arguments));
	}

	@Test
	@DisplayName("row C10: a start without etcd")
	void failsWithoutEtcd(CapturedOutput output) {
		assertThatThrownBy(() -> start(NOBODY, "--spring.cloud.etcd.config.timeout=200ms"))
			.isInstanceOf(EtcdConfigLoadException.class);
		assertThat(output).contains("APPLICATION FAILED TO START")
			.contains("The import 'etcd:' could not be loaded: etcd can't be reached at " + NOBODY)
			.contains("Check that etcd runs and that 'spring.cloud.etcd.endpoints' names it")
			.contains("put 'optional:' before the import, as in 'optional:etcd:'");
	}

	@Test
	@DisplayName("row C10: an optional import, and etcd comes later")
	void startsWithoutEtcdIfTheImportIsOptionalAndTakesItOverLater(CapturedOutput output) throws Exception {
		etcd.put("config/shop/a", "1", "config/shop/shop/limit", "5");
		try (TcpProxy proxy = TcpProxy.to(etcd.cluster().clientUrl())) {
			proxy.cut();
			try (ConfigurableApplicationContext context = start(proxy.url(), "--spring.config.import=optional:etcd:")) {
				assertThat(context.getEnvironment().getProperty("a")).isNull();
				assertThat(output).contains("The application starts without its configuration in etcd");
				proxy.heal();
				ConfigEtcd.await().until(() -> "1".equals(context.getEnvironment().getProperty("a")));
			}
		}
	}

	@Test
	void failsFastIfToldEvenIfTheImportIsOptional() {
		assertThatThrownBy(() -> start(NOBODY, "--spring.config.import=optional:etcd:",
				"--spring.cloud.etcd.config.fail-fast=true", "--spring.cloud.etcd.config.timeout=100ms"))
			.isInstanceOf(EtcdConfigLoadException.class);
	}

	@Test
	@DisplayName("row C10: a snapshot on disk, and etcd comes later")
	void startsFromTheFileOfAnEarlierRun(CapturedOutput output) throws Exception {
		Path file = this.directory.resolve("config.json");
		String[] snapshot = { "--spring.cloud.etcd.config.snapshot.enabled=true",
				"--spring.cloud.etcd.config.snapshot.file=" + file, "--encrypt.key=secret" };
		String cipher = Encryptors.text("secret", "deadbeef").encrypt("hunter2");
		etcd.put("config/shop/a", "1", "config/shop/password", "{cipher}" + cipher);
		try (TcpProxy proxy = TcpProxy.to(etcd.cluster().clientUrl())) {
			try (ConfigurableApplicationContext context = start(proxy.url(), snapshot)) {
				assertThat(context.getEnvironment().getProperty("password")).isEqualTo("hunter2");
				etcd.put("config/shop/a", "2");
				ConfigEtcd.await().until(() -> Files.readString(file).contains("\"2\""));
			}
			assertThat(Files.getPosixFilePermissions(file)).containsExactlyInAnyOrder(PosixFilePermission.OWNER_READ,
					PosixFilePermission.OWNER_WRITE);
			assertThat(Files.readString(file)).doesNotContain("hunter2");
			proxy.cut();
			try (ConfigurableApplicationContext context = start(proxy.url(), snapshot)) {
				assertThat(context.getEnvironment().getProperty("a")).isEqualTo("2");
				assertThat(context.getEnvironment().getProperty("password")).isEqualTo("hunter2");
				assertThat(output).contains("The configuration is that of " + file);
				etcd.put("config/shop/a", "3");
				proxy.heal();
				ConfigEtcd.await().until(() -> "3".equals(context.getEnvironment().getProperty("a")));
			}
		}
	}

	@Test
	@DisplayName("row C14: a start without the permission, or with a wrong password")
	void namesTheRoleThatIsMissing(CapturedOutput output) {
		try (EtcdCluster guarded = EtcdCluster.single().start()) {
			guarded.admin().put("config/shop/a", "1");
			guarded.admin().addRole("reader");
			guarded.admin().grantRead("reader", "config/application");
			guarded.admin().enableAuth();
			guarded.admin().addUser("app", "s3cret", "reader");
			String[] user = { "--spring.cloud.etcd.username=app", "--spring.cloud.etcd.password=s3cret",
					"--spring.config.import=optional:etcd:" };
			assertThatThrownBy(() -> start(guarded.clientUrl(), user)).isInstanceOf(EtcdConfigLoadException.class);
			assertThat(output).contains("etcd does not let the user 'app' read 'config/shop/'")
				.contains("etcdctl role grant-permission app read config/shop/ --prefix")
				.doesNotContain("s3cret");
			assertThatThrownBy(() -> start(guarded.clientUrl(), "--spring.cloud.etcd.username=app",
					"--spring.cloud.etcd.password=wrong"))
				.isInstanceOf(EtcdConfigLoadException.class);
			assertThat(output).contains("refused the credentials");
			guarded.admin().grantRead("reader", "config/shop");
			try (ConfigurableApplicationContext context = start(guarded.clientUrl(), user)) {
				assertThat(context.getEnvironment().getProperty("a")).isEqualTo("1");
			}
			// Only one way of writing a key may be read
			try (ConfigurableApplicationContext context = start(guarded.clientUrl(), user[0], user[1],
					"--spring.config.import=etcd:/config/shop/")) {
				assertThat(context.getEnvironment().getProperty("a")).isEqualTo("1");
			}
		}
	}

	@Test
	void startsWithNothingAndSaysWhereItLooked(CapturedOutput output) {
		try (ConfigurableApplicationContext context = etcd.start(Application.class)) {
			assertThat(output).contains("No configuration in etcd at revision")
				.contains("there is no key at 'config/application/', 'config/application,default/', 'config/shop/'");
			etcd.put("config/shop/a", "1");
			ConfigEtcd.await().until(() -> "1".equals(context.getEnvironment().getProperty("a")));
		}
	}

	@Test
	void failsWithoutADocumentThatIsNamed(CapturedOutput output) {
		assertThatThrownBy(() -> etcd.start(Application.class, "--spring.config.import=etcd:/app/config.yaml"))
			.hasMessageContaining("/app/config.yaml");
		assertThat(output).contains("APPLICATION FAILED TO START").contains("'optional:'");
		try (ConfigurableApplicationContext context = etcd.start(Application.class,
				"--spring.config.import=optional:etcd:/app/config.yaml")) {
			etcd.put("/app/config.yaml", "a: 1");
			ConfigEtcd.await().until(() -> "1".equals(context.getEnvironment().getProperty("a")));
		}
	}

	@Test
	void namesTheLineOfADocumentThatCannotBeRead(CapturedOutput output) {
		long revision = etcd.put("app/config.yaml", "fine: 1\nsecret: [hunter2");
		assertThatThrownBy(() -> etcd.start(Application.class, "--spring.config.import=optional:etcd:/app/config.yaml"))
			.isInstanceOf(EtcdConfigLoadException.class);
		assertThat(output)
			.contains("'app/config.yaml' at revision %d is no YAML that can be read: see its line".formatted(revision))
			.doesNotContain("hunter2");
	}

	@Test
	void namesTheKeyThatCannotBeDecrypted(CapturedOutput output) {
		TextEncryptor other = Encryptors.text("other", "deadbeef");
		long revision = etcd.put("config/shop/password", "{cipher}" + other.encrypt("hunter2"));
		assertThatThrownBy(() -> etcd.start(Application.class, "--encrypt.key=secret"))
			.isInstanceOf(EtcdConfigLoadException.class);
		assertThatThrownBy(() -> etcd.start(Application.class)).isInstanceOf(EtcdConfigLoadException.class);
		assertThat(output)
			.contains("The value at etcd config/shop/password @ revision %d can't be decrypted".formatted(revision))
			.contains("encrypt.key");
	}

	@Test
	void explainsWhatAnImportMayLookLike(CapturedOutput output) {
		assertThatThrownBy(() -> etcd.start(Application.class, "--spring.config.import=etcd:/a/?formt=tree"))
			.isInstanceOf(InvalidImportException.class);
		assertThat(output).contains("The import 'etcd:/a/?formt=tree' is not valid")
			.contains("'formt=tree' is not an option of an import");
	}

	@Test
	void namesTheKeyOfAValueThatTheApplicationCannotUse(CapturedOutput output) {
		long revision = etcd.put("config/shop/spring/main/lazy-initialization", "perhaps");
		assertThatThrownBy(() -> etcd.start(Application.class)).isNotNull();
		assertThat(output)
			.contains("etcd config/shop/spring/main/lazy-initialization @ revision %d".formatted(revision));
	}

	@Test
	@DisplayName("row C12: a start without a majority")
	void startsWithWhatASingleMemberHasWhileThereIsNoMajority(CapturedOutput output) {
		try (EtcdCluster three = EtcdCluster.ofThree().start()) {
			three.admin().put("config/shop/a", "1");
			EtcdMember survivor = three.leader();
			three.awaitHealthy();
			List<EtcdMember> others = three.followers();
			others.forEach(EtcdMember::kill);
			try (ConfigurableApplicationContext context = start(survivor.clientUrl(),
					"--spring.cloud.etcd.request-timeout=1s")) {
				assertThat(context.getEnvironment().getProperty("a")).isEqualTo("1");
				assertThat(output).contains("etcd has no majority. The configuration is that of a single member");
				EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
				assertThat(refresher.getLastError()).isNotNull();
				assertThat(context.getBean(EtcdConfig.class).state().freshness()).isEqualTo(Freshness.SERIALIZABLE);
				others.forEach(EtcdMember::start);
				three.awaitHealthy();
				three.admin().put("config/shop/a", "2");
				ConfigEtcd.await().until(() -> "2".equals(context.getEnvironment().getProperty("a")));
				ConfigEtcd.await().until(() -> refresher.getLastError() == null);
			}
		}
	}

	@Test
	@DisplayName("row C11: a start while etcd is frozen")
	void startsWithoutAMemberThatIsFrozenAndTakesItOverLater() {
		etcd.put("config/shop/a", "1");
		etcd.cluster().pause();
		try (ConfigurableApplicationContext context = start(etcd.cluster().clientUrl(),
				"--spring.cloud.etcd.request-timeout=500ms", "--spring.config.import=optional:etcd:")) {
			assertThat(context.getEnvironment().getProperty("a")).isNull();
			etcd.cluster().resume();
			ConfigEtcd.await().until(() -> "1".equals(context.getEnvironment().getProperty("a")));
		}
		finally {
			etcd.cluster().resume();
		}
	}

	/**
	 * The document is read before the profiles are known, the contexts after.
	 */
	@Test
	@DisplayName("row C13: a compaction during the start")
	void readsAllAgainWhenItsRevisionIsCompactedDuringTheStart() {
		etcd.put("/first.yaml", "first: 1", "config/shop/second", "1");
		BetweenReads.action = () -> {
			etcd.put("/first.yaml", "first: 2", "config/shop/second", "2");
			etcd.cluster().admin().compact(etcd.cluster().admin().revision());
		};
		try (ConfigurableApplicationContext context = etcd.start(Application.class,
				"--spring.config.import=etcd:/first.yaml,optional:between:,etcd:")) {
			assertThat(BetweenReads.action).isNull();
			assertThat(context.getEnvironment().getProperty("second")).isEqualTo("2");
			assertThat(context.getEnvironment().getProperty("first")).isEqualTo("2");
		}
		finally {
			BetweenReads.action = null;
		}
	}

	@Test
	void readsAllImportsOfAStartAtTheRevisionOfTheFirst() {
		long revision = etcd.put("/first.yaml", "first: 1", "config/shop/second", "1");
		BetweenReads.action = () -> etcd.put("/first.yaml", "first: 2", "config/shop/second", "2");
		try (ConfigurableApplicationContext context = etcd.start(Application.class,
				"--spring.config.import=etcd:/first.yaml,optional:between:,etcd:",
				"--spring.cloud.etcd.config.refresh.enabled=false")) {
			assertThat(context.getEnvironment().getProperty("first")).isEqualTo("1");
			assertThat(context.getEnvironment().getProperty("second")).isEqualTo("1");
			assertThat(context.getBean(EtcdConfig.class).getRevision()).isEqualTo(revision);
		}
		finally {
			BetweenReads.action = null;
		}
	}

	@Test
	@DisplayName("row C15: more or larger keys than are allowed, at the start")
	void namesTheLimitThatIsExceeded(CapturedOutput output) {
		etcd.put("config/shop/a", "12345", "config/shop/b", "1");
		assertThatThrownBy(() -> etcd.start(Application.class, "--spring.cloud.etcd.config.max-keys=1"))
			.isInstanceOf(EtcdConfigLoadException.class);
		assertThat(output).contains("'config/shop/' has 2 keys, more than 1")
			.contains("Raise 'spring.cloud.etcd.config.max-keys'");
		assertThatThrownBy(() -> etcd.start(Application.class, "--spring.cloud.etcd.config.max-value-size=4B"))
			.isInstanceOf(EtcdConfigLoadException.class);
		assertThat(output).contains("'config/shop/a' is larger than 4B")
			.contains("Raise 'spring.cloud.etcd.config.max-value-size'");
	}

	@Test
	void startsWithoutADocumentIfWhatIsNotFoundIsToBeIgnored() {
		try (ConfigurableApplicationContext context = etcd.start(Application.class,
				"--spring.config.import=etcd:/app/config.yaml", "--spring.config.on-not-found=ignore")) {
			etcd.put("/app/config.yaml", "a: 1");
			ConfigEtcd.await().until(() -> "1".equals(context.getEnvironment().getProperty("a")));
		}
		// That it can't be reached is another matter
		assertThatThrownBy(
				() -> start(NOBODY, "--spring.config.on-not-found=ignore", "--spring.cloud.etcd.config.timeout=100ms"))
			.isInstanceOf(EtcdConfigLoadException.class);
	}

	@Test
	void namesTheRevisionThatIsKeptNoLonger(CapturedOutput output) {
		long old = etcd.put("config/shop/a", "1");
		etcd.cluster().admin().compact(etcd.put("config/shop/a", "2"));
		assertThatThrownBy(() -> etcd.start(Application.class, "--spring.cloud.etcd.config.pin-revision=" + old))
			.isInstanceOf(EtcdConfigLoadException.class);
		assertThat(output)
			.contains("Revision %d of etcd, which 'spring.cloud.etcd.config.pin-revision' names, can't be read"
				.formatted(old))
			.contains("Name a revision that etcd still has, or none");
		assertThatThrownBy(
				() -> etcd.start(Application.class, "--spring.config.import=etcd:/config/shop/?revision=1000000"))
			.isInstanceOf(EtcdConfigLoadException.class);
		assertThat(output).contains("which 'etcd:/config/shop/?revision=1000000' names, can't be read");
	}

	@Test
	void takesOverAPinnedRevisionWhenEtcdComes() throws Exception {
		long pinned = etcd.put("config/shop/a", "1");
		etcd.put("config/shop/a", "2");
		try (TcpProxy proxy = TcpProxy.to(etcd.cluster().clientUrl())) {
			proxy.cut();
			try (ConfigurableApplicationContext context = start(proxy.url(), "--spring.config.import=optional:etcd:",
					"--spring.cloud.etcd.config.pin-revision=" + pinned)) {
				proxy.heal();
				ConfigEtcd.await().until(() -> "1".equals(context.getEnvironment().getProperty("a")));
			}
		}
	}

	@Test
	@DisplayName("row C16: starts that fail")
	void leavesNothingBehindWhenItFails() throws Exception {
		etcd.put("app/config.yaml", "[");
		long before = threads();
		try (TcpProxy proxy = TcpProxy.to(etcd.cluster().clientUrl())) {
			for (int i = 0; i < 5; i++) {
				// In the import, after it and in the context
				assertThatThrownBy(() -> start(proxy.url(), "--spring.config.import=etcd:/app/config.yaml"))
					.isNotNull();
				assertThatThrownBy(() -> start(proxy.url(), "--spring.config.import=etcd:,nowhere:")).isNotNull();
				assertThatThrownBy(() -> start(proxy.url(), "--spring.main.web-application-type=perhaps")).isNotNull();
				assertThatThrownBy(
						() -> ConfigEtcd.builder(FailingApplication.class).run(ConfigEtcd.arguments(proxy.url())))
					.isNotNull();
			}
			assertThat(proxy.acceptedConnections()).isPositive();
			ConfigEtcd.await().until(() -> proxy.connections() == 0);
			ConfigEtcd.await().until(() -> threads() <= before);
		}
	}

	private static long threads() {
		return Thread.getAllStackTraces()
			.keySet()
			.stream()
			.filter((thread) -> thread.getName().startsWith("etcd-"))
			.count();
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration(EtcdConfigAutoConfiguration.class)
	static class Application {

	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration(EtcdConfigAutoConfiguration.class)
	static class FailingApplication {

		@Bean
		Object failing() {
			throw new IllegalStateException("fails");
		}

	}

}
