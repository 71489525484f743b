package io.github.etcddiscovery.console.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.FreePorts;
import io.github.etcddiscovery.testing.JavaApplication;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.openqa.selenium.Keys;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The console on its own, as it is run: with a login, and the token against forged
 * requests in a cookie.
 */
@Timeout(180)
class ServerIntegrationTests {

	private static final String KEY = "overrides/orders/a";

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@RegisterExtension
	static final Browser browser = new Browser();

	@Test
	void letsPeopleLogInAndActInTheirName() throws IOException {
		etcd.admin().put("services/orders/a", "{\"host\":\"h\",\"port\":1}");
		int port = FreePorts.next();
		try (JavaApplication server = JavaApplication.start(jar(), "--server.port=" + port,
				"--spring.cloud.etcd.endpoints=" + etcd.clientUrl(), "--spring.security.user.name=alice",
				"--spring.security.user.password=s3cret", "--management.endpoint.etcdconsole.access=unrestricted")) {
			Browser.await().until(() -> {
				assertThat(server.isAlive()).as(server.output()).isTrue();
				return server.output().contains("Started EtcdConsoleServerApplication");
			});
			browser.open("http://127.0.0.1:" + port + "/");
			browser.find("input[name=username]").sendKeys("alice");
			browser.find("input[name=password]").sendKeys("s3cret" + Keys.ENTER);
			browser.awaitText(".live", "live");
			browser.awaitText(".seen-by", "etcd-console");
			browser.awaitText(".badge", "1");
			browser.go("#/services/orders/a");
			browser.awaitText(".actions", "Take out of service");
			browser.find(".actions button[value=OUT_OF_SERVICE]").sendKeys(Keys.ENTER);
			browser.awaitText(".override", "Overridden by alice: out of service");
			assertThat(etcd.admin().get(KEY)).contains("\"by\":\"alice\"");
			browser.find(".override button").sendKeys(Keys.ENTER);
			awaitEnd();
			assertThat(etcd.admin().keys("")).as("it registers nothing").containsExactly("services/orders/a");
			assertThat(browser.violations()).isEmpty();
		}
		finally {
			browser.logout();
		}
	}

	private static void awaitEnd() {
		Browser.await().untilAsserted(() -> assertThat(etcd.admin().get(KEY)).as(browser.text(".failure")).isNull());
	}

	private static Path jar() throws IOException {
		try (Stream<Path> files = Files.list(Path.of("../../etcd-console-server/target"))) {
			return files.filter((file) -> file.getFileName().toString().matches("etcd-console-server-[0-9].*\\.jar"))
				.findFirst()
				.orElseThrow(() -> new IllegalStateException("etcd-console-server has not been packaged"));
		}
	}

}
