package io.github.etcddiscovery.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;

import io.github.etcddiscovery.config.autoconfigure.EtcdConfigAutoConfiguration;
import io.github.etcddiscovery.testing.EtcdCluster;
import io.github.etcddiscovery.testing.TcpProxy;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
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
	void failsWithoutEtcd(CapturedOutput output) {
		assertThatThrownBy(() -> start(NOBODY, "--spring.cloud.etcd.config.timeout=200ms"))
			.isInstanceOf(EtcdConfigLoadException.class);
		assertThat(output).contains("APPLICATION FAILED TO START")
			.contains("The import 'etcd:' could not be loaded: etcd can't be reached at " + NOBODY)
			.contains("Check that etcd runs and that 'spring.cloud.etcd.endpoints' names it")
			.contains("put 'optional:' before the import, as in 'optional:etcd:'");
	}

	@Test
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
		assertThat(output).contains("The import 'etcd:/a/?formt=tree' can't be understood")
			.contains("'formt=tree' is no option of an import");
	}

	@Test
	void namesTheKeyOfAValueThatTheApplicationCannotUse(CapturedOutput output) {
		long revision = etcd.put("config/shop/spring/main/lazy-initialization", "perhaps");
		assertThatThrownBy(() -> etcd.start(Application.class)).isNotNull();
		assertThat(output)
			.contains("etcd config/shop/spring/main/lazy-initialization @ revision %d".formatted(revision));
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration(EtcdConfigAutoConfiguration.class)
	static class Application {

	}

}
