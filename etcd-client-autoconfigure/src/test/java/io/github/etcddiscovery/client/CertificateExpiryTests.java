package io.github.etcddiscovery.client;

import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;

import io.github.etcddiscovery.core.ManualEventLoop;
import io.github.etcddiscovery.testing.CertificateAuthority;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslStoreBundle;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link CertificateExpiry}.
 */
@ExtendWith(OutputCaptureExtension.class)
class CertificateExpiryTests {

	private static final String PASSWORD = CertificateAuthority.STORE_PASSWORD;

	private final ManualEventLoop loop = new ManualEventLoop();

	@TempDir
	Path directory;

	@Test
	void warnsOfTheCertificateThatEndsSoonAndAgainADayLater(CapturedOutput output) throws Exception {
		start(bundle(Duration.ofDays(12).plusHours(1)));
		assertThat(warnings(output)).singleElement()
			.asString()
			.contains("The client certificate 'CN=app' for etcd expires in 12 days, ", "'reload-on-update'");
		this.loop.advance(Duration.ofHours(23));
		assertThat(warnings(output)).hasSize(1);
		this.loop.advance(Duration.ofHours(2));
		assertThat(warnings(output)).hasSize(2);
	}

	@Test
	void warnsOfTheCertificateThatHasEnded(CapturedOutput output) throws Exception {
		start(bundle(Duration.ofDays(-1)));
		assertThat(warnings(output)).singleElement().asString().contains("'CN=app' for etcd has expired, ");
	}

	@Test
	void warnsWhenTheCertificateWasReplacedByOneThatEndsSoon(CapturedOutput output) throws Exception {
		SslBundle[] current = { bundle(Duration.ofDays(90)) };
		CertificateExpiry expiry = start(() -> current[0]);
		assertThat(warnings(output)).isEmpty();
		current[0] = bundle(Duration.ofDays(2));
		expiry.replaced();
		this.loop.runDue();
		assertThat(warnings(output)).hasSize(1);
	}

	@Test
	void saysNothingOfACertificateThatIsGoodForLong(CapturedOutput output) throws Exception {
		start(bundle(Duration.ofDays(31)));
		assertThat(warnings(output)).isEmpty();
	}

	@Test
	void saysNothingWithoutACertificate(CapturedOutput output) {
		start(() -> null);
		start(() -> SslBundle.of(SslStoreBundle.NONE));
		assertThat(warnings(output)).isEmpty();
	}

	@Test
	void looksAgainTheNextDayAfterABundleThatCouldNotBeRead(CapturedOutput output) throws Exception {
		SslBundle good = bundle(Duration.ofDays(2));
		boolean[] broken = { true };
		start(() -> {
			if (broken[0]) {
				throw new IllegalStateException("being replaced");
			}
			return good;
		});
		assertThat(warnings(output)).isEmpty();
		broken[0] = false;
		this.loop.advance(Duration.ofHours(25));
		assertThat(warnings(output)).hasSize(1);
	}

	private void start(SslBundle bundle) {
		start(() -> bundle);
	}

	private CertificateExpiry start(BundleSource source) {
		CertificateExpiry expiry = new CertificateExpiry(source, Clock.fixed(Instant.now(), ZoneOffset.UTC), this.loop);
		expiry.start();
		this.loop.runDue();
		return expiry;
	}

	private SslBundle bundle(Duration validity) throws Exception {
		Path file = new CertificateAuthority(this.directory, "authority").client("app", validity).keyStore("PKCS12");
		return SslBundle
			.of(SslStoreBundle.of(KeyStore.getInstance(file.toFile(), PASSWORD.toCharArray()), PASSWORD, null));
	}

	private static List<String> warnings(CapturedOutput output) {
		return output.getAll().lines().filter((line) -> line.contains("The client certificate ")).toList();
	}

	@FunctionalInterface
	private interface BundleSource extends EtcdConnectionDetails {

		@Override
		@Nullable SslBundle getSslBundle();

		@Override
		default List<String> getEndpoints() {
			return List.of("https://localhost:2379");
		}

	}

}
