package io.github.etcddiscovery.console;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

import io.github.etcddiscovery.catalog.InstanceOverride;
import io.github.etcddiscovery.core.EscapedText;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.lease.LeaseStore;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Writes overrides of instances, the only keys that the console ever writes. Each
 * override has a lease of its own that lasts as long as the override, so it ends even if
 * this process dies. Safe for use by any thread.
 */
final class OverrideWriter {

	static final Duration LONGEST = Duration.ofHours(24);

	/**
	 * etcd grants no shorter lease.
	 */
	private static final Duration SHORTEST = Duration.ofSeconds(2);

	private static final Log logger = LogFactory.getLog(OverrideWriter.class);

	private final String prefix;

	private final ServiceCatalog catalog;

	private final LeaseStore store;

	private final Clock clock;

	/**
	 * Create a writer.
	 * @param prefix the prefix of overrides, without a trailing slash
	 * @param catalog knows the instances
	 * @param store writes the keys
	 * @param clock the time of the day
	 */
	OverrideWriter(String prefix, ServiceCatalog catalog, LeaseStore store, Clock clock) {
		this.prefix = prefix;
		this.catalog = catalog;
		this.store = store;
		this.clock = clock;
	}

	/**
	 * Override an instance, or replace its override. Waits for etcd, at most for the
	 * deadlines of its requests.
	 * @param service the name of the service
	 * @param instance the id of the instance
	 * @param status the status, or {@code null}
	 * @param weight the weight, or {@code null}
	 * @param duration how long the override lasts
	 * @param by who overrides it
	 * @throws IllegalArgumentException if an argument is not valid
	 * @throws EtcdAccessException if etcd refuses, or does not answer
	 */
	void override(String service, String instance, @Nullable InstanceStatus status, @Nullable Integer weight,
			Duration duration, String by) {
		require(this.catalog.entries(service)
			.stream()
			.anyMatch((entry) -> instance.equals(entry.instance().getInstanceId())),
				"There is no instance '%s' of '%s'".formatted(EscapedText.of(instance), EscapedText.of(service)));
		require(status != null || weight != null, "Say a 'status' or a 'weight'");
		require(weight == null || weight >= 0, "The weight must not be negative");
		require(duration.compareTo(SHORTEST) >= 0 && duration.compareTo(LONGEST) <= 0,
				"It must last at least %d s and at most %d h".formatted(SHORTEST.toSeconds(), LONGEST.toHours()));
		Instant now = this.clock.instant().truncatedTo(ChronoUnit.SECONDS);
		String value = new InstanceOverride(status, weight, now, now.plus(duration), by).json();
		String key = key(service, instance);
		await(this.store.grant(duration)
			.thenCompose((lease) -> this.store.read(key)
				.thenCompose((last) -> this.store.put(key, value, lease,
						last.map((entry) -> entry.modRevision()).orElse(0L)))
				.whenComplete((written, failure) -> {
					if (!Boolean.TRUE.equals(written)) {
						this.store.revoke(lease);
					}
				}))
			.thenAccept(OverrideWriter::requireFirst));
		logger.info("%s overrides '%s': %s".formatted(by, EscapedText.of(key), value));
	}

	/**
	 * End an override. Waits for etcd, at most for the deadlines of its requests.
	 * @param service the name of the service
	 * @param instance the id of the instance
	 * @param by who ends it
	 * @throws EtcdAccessException if etcd refuses, or does not answer
	 */
	void end(String service, String instance, String by) {
		String key = key(service, instance);
		await(this.store.read(key)
			.thenCompose((last) -> last.isEmpty() ? CompletableFuture.completedFuture(true)
					: this.store.delete(key, last.get().modRevision()))
			.thenAccept(OverrideWriter::requireFirst));
		logger.info("%s ends the override '%s'".formatted(by, EscapedText.of(key)));
	}

	private String key(String service, String instance) {
		require(!service.isEmpty() && !service.contains("/") && !instance.isEmpty(),
				"Say a 'service' and an 'instance'");
		return this.prefix + "/" + service + "/" + instance;
	}

	private static void require(boolean condition, String message) {
		if (!condition) {
			throw new IllegalArgumentException(message);
		}
	}

	private static void requireFirst(boolean written) {
		require(written, "Somebody else has changed the override meanwhile: look, and try again");
	}

	private static void await(CompletableFuture<Void> written) {
		try {
			written.join();
		}
		catch (CompletionException ex) {
			if (ex.getCause() instanceof IllegalArgumentException refusal) {
				throw refusal;
			}
			throw EtcdAccessException.of(ex);
		}
	}

}
