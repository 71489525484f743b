package io.github.etcddiscovery.catalog;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.Future;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.RetryDelays;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.MirrorTiming;
import io.github.etcddiscovery.watch.Publication;
import io.github.etcddiscovery.watch.Reflector;
import io.github.etcddiscovery.watch.Snapshot;
import io.github.etcddiscovery.watch.SnapshotListener;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Follows the overrides of operators and applies them to the catalog. An override is
 * attached to a lease, so that etcd removes it. This class also ends it by the clock,
 * since etcd may be away at that time, or may extend its leases. No look-up waits for
 * overrides, and discovery works without the permission to read them. Safe for use by any
 * thread.
 */
public final class OverrideMirror implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(OverrideMirror.class);

	private static final Duration MAX_RETRY_DELAY = Duration.ofMinutes(1);

	/**
	 * The longest time until the clock is read again, since the wall clock may be
	 * adjusted.
	 */
	private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

	private final CatalogStore store;

	private final EventLoop loop;

	private final Clock clock;

	private final KeyRange range;

	private final Reflector reflector;

	/**
	 * Confined to the loop.
	 */
	private Map<String, Entry> entries = Map.of();

	/**
	 * Confined to the loop.
	 */
	private @Nullable Future<?> nextEnd;

	/**
	 * Create a mirror that does nothing until it is started.
	 * @param prefix the beginning of the keys, without a trailing slash
	 * @param store the store of the catalog to which overrides apply
	 * @param source lists and watches the keys
	 * @param loop the loop of the catalog; not closed here
	 * @param timing how often the watch is checked
	 * @param clock the wall clock
	 */
	public OverrideMirror(String prefix, CatalogStore store, ListerWatcher source, EventLoop loop, MirrorTiming timing,
			Clock clock) {
		this.store = store;
		this.loop = loop;
		this.clock = clock;
		this.range = range(prefix);
		this.reflector = new Reflector(this.range, source, loop, new RetryDelays(MAX_RETRY_DELAY), timing,
				new Listener());
	}

	/**
	 * The keys of the overrides.
	 * @param prefix the beginning of the keys, without a trailing slash
	 * @return the range
	 */
	public static KeyRange range(String prefix) {
		return KeyRange.prefix(prefix + "/");
	}

	/**
	 * Start following etcd.
	 */
	public void start() {
		this.reflector.start();
	}

	/**
	 * Stop following etcd until {@link #start()} is called again. Known overrides stay in
	 * effect until they end.
	 */
	public void stop() {
		this.reflector.stop();
	}

	/**
	 * Stop following etcd for good.
	 */
	@Override
	public void close() {
		this.reflector.close();
	}

	private void apply() {
		this.loop.assertInLoop();
		Overrides next = Overrides.of(this.range.key(), this.entries, this.clock.instant());
		if (!next.equals(this.store.current().overrides())) {
			this.store.update((catalog) -> catalog.with(next));
		}
		if (this.nextEnd != null) {
			this.nextEnd.cancel(false);
		}
		this.nextEnd = next.firstEnd().map(this::scheduleEnd).orElse(null);
	}

	private Future<?> scheduleEnd(Instant end) {
		Duration left = Duration.between(this.clock.instant(), end).plusMillis(1);
		Duration wait = left.isNegative() ? Duration.ZERO : left;
		return this.loop.schedule(this::apply, (wait.compareTo(LONGEST_WAIT) < 0) ? wait : LONGEST_WAIT);
	}

	private final class Listener implements SnapshotListener {

		@Override
		public void published(Publication publication) {
			if (!publication.changedKeys().isEmpty()
					|| !publication.snapshot().entries().equals(OverrideMirror.this.entries)) {
				OverrideMirror.this.entries = publication.snapshot().entries();
				apply();
			}
		}

		@Override
		public void lost(EtcdAccessException failure, @Nullable Snapshot served) {
			if (failure.getKind() == Kind.PERMISSION_DENIED) {
				logger.info(("Overrides of operators have no effect here: this user may not read '%s'. Grant the role "
						+ "that 'script/etcd-roles consumer' makes")
					.formatted(OverrideMirror.this.range));
			}
			else if (logger.isDebugEnabled()) {
				logger.debug("Cannot follow '%s': %s".formatted(OverrideMirror.this.range, failure.describe()));
			}
		}

	}

}
