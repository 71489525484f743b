package io.github.etcddiscovery.client;

import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

import io.github.etcddiscovery.core.EventLoop;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.ssl.SslBundle;

/**
 * Warns once a day when the client certificate of this application expires within 30
 * days. Certificates expire by the wall clock, which nothing else in this package uses.
 */
public final class CertificateExpiry {

	private static final Log logger = LogFactory.getLog(CertificateExpiry.class);

	private static final Duration NOTICE = Duration.ofDays(30);

	private static final Duration DAY = Duration.ofDays(1);

	private final EtcdConnectionDetails details;

	private final Clock clock;

	private final EventLoop loop;

	/**
	 * Create a check that does nothing until it is started.
	 * @param details name the SSL bundle with the certificate
	 * @param clock the wall clock
	 * @param loop runs the checks; not closed here
	 */
	public CertificateExpiry(EtcdConnectionDetails details, Clock clock, EventLoop loop) {
		this.details = details;
		this.clock = clock;
		this.loop = loop;
	}

	/**
	 * Check the certificate now and once a day.
	 */
	public void start() {
		this.loop.execute(this::checkDaily);
	}

	/**
	 * Check the certificate now, because it was replaced.
	 */
	public void replaced() {
		this.loop.execute(this::check);
	}

	private void checkDaily() {
		this.loop.schedule(this::checkDaily, DAY);
		check();
	}

	private void check() {
		CertificateEnd first = first();
		if (first != null) {
			warnIfItEndsSoon(first);
		}
	}

	/**
	 * The client certificate that expires first.
	 * @return its subject and expiry, or {@code null} if there is no certificate or the
	 * bundle can't be read
	 */
	public @Nullable CertificateEnd first() {
		try {
			SslBundle bundle = this.details.getSslBundle();
			KeyStore store = (bundle != null) ? bundle.getStores().getKeyStore() : null;
			X509Certificate first = (store != null) ? firstToEnd(store) : null;
			return (first != null)
					? new CertificateEnd(first.getSubjectX500Principal().getName(), first.getNotAfter().toInstant())
					: null;
		}
		catch (GeneralSecurityException | RuntimeException ex) {
			// While a bundle is being replaced, it can't be read
			logger.debug("Can't tell when the client certificate for etcd expires", ex);
			return null;
		}
	}

	private static @Nullable X509Certificate firstToEnd(KeyStore store) throws GeneralSecurityException {
		List<X509Certificate> certificates = new ArrayList<>();
		for (String alias : Collections.list(store.aliases())) {
			if (store.isKeyEntry(alias) && store.getCertificate(alias) instanceof X509Certificate certificate) {
				certificates.add(certificate);
			}
		}
		return certificates.stream().min(Comparator.comparing(X509Certificate::getNotAfter)).orElse(null);
	}

	private void warnIfItEndsSoon(CertificateEnd certificate) {
		Duration left = Duration.between(this.clock.instant(), certificate.end());
		if (left.compareTo(NOTICE) < 0) {
			logger.warn(("The client certificate '%s' for etcd %s, %s. Renew it: with 'reload-on-update' of the "
					+ "SSL bundle no restart is needed")
				.formatted(certificate.subject(),
						left.isNegative() ? "has expired" : "expires in %d days".formatted(left.toDays()),
						certificate.end()));
		}
	}

	/**
	 * When a certificate expires.
	 *
	 * @param subject the distinguished name of the certificate's owner
	 * @param end until when the certificate is valid
	 */
	public record CertificateEnd(String subject, Instant end) {
	}

}
