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
 * Warns, once a day, when the certificate that this application shows to etcd ends soon:
 * it is the wall clock's time that ends it, and nothing else here goes by that.
 */
public final class CertificateExpiry {

	private static final Log logger = LogFactory.getLog(CertificateExpiry.class);

	private static final Duration NOTICE = Duration.ofDays(30);

	private static final Duration DAY = Duration.ofDays(1);

	private final EtcdConnectionDetails details;

	private final Clock clock;

	private final EventLoop loop;

	/**
	 * Create what warns once it is started.
	 * @param details the SSL bundle
	 * @param clock the time of the day
	 * @param loop runs the checks
	 */
	public CertificateExpiry(EtcdConnectionDetails details, Clock clock, EventLoop loop) {
		this.details = details;
		this.clock = clock;
		this.loop = loop;
	}

	/**
	 * Look now and every day.
	 */
	public void start() {
		this.loop.execute(this::checkDaily);
	}

	/**
	 * Look now, because the certificate was replaced.
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
	 * The certificate that etcd is shown and that ends first.
	 * @return it, or {@code null} if there is none or it can't be read
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
			// A bundle that is being replaced can't be read for a moment
			logger.debug("It is not known when the certificate for etcd ends", ex);
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
			logger.warn(("The certificate '%s' that etcd is shown %s, %s. Renew it: with 'reload-on-update' of the "
					+ "SSL bundle no restart is needed")
				.formatted(certificate.subject(),
						left.isNegative() ? "has ended" : "ends in %d days".formatted(left.toDays()),
						certificate.end()));
		}
	}

	/**
	 * When a certificate ends.
	 *
	 * @param subject whose it is
	 * @param end until when it is valid
	 */
	public record CertificateEnd(String subject, Instant end) {
	}

}
