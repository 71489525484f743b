package io.github.etcddiscovery.config;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.RetryDelays;
import io.github.etcddiscovery.core.ThreadEventLoop;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.MirrorTiming;
import io.github.etcddiscovery.watch.Publication;
import io.github.etcddiscovery.watch.Reflector;
import io.github.etcddiscovery.watch.Snapshot;
import io.github.etcddiscovery.watch.SnapshotListener;
import org.jspecify.annotations.Nullable;

/**
 * Tells that keys were written, or may have been written while there was no watch. The
 * listener then reads all keys. So events need not be merged, and deletions, compactions
 * and restored backups are no special cases.
 */
final class ConfigWatch implements AutoCloseable {

	private static final Duration AUDIT_INTERVAL = Duration.ofMinutes(5);

	private static final Duration REQUEST_INTERVAL = Duration.ofSeconds(5);

	private final EventLoop loop = new ThreadEventLoop("etcd-config-watch");

	private final Map<KeyRange, Reflector> reflectors = new HashMap<>();

	private final ConfigStore store;

	private final Listener listener;

	/**
	 * Create a watch, which watches nothing yet.
	 * @param store creates the watches
	 * @param listener is called on a thread of the watch
	 */
	ConfigWatch(ConfigStore store, Listener listener) {
		this.store = store;
		this.listener = listener;
	}

	/**
	 * Watch ranges from now on, in addition to those that are watched already.
	 * @param ranges the ranges
	 */
	synchronized void start(List<KeyRange> ranges) {
		ranges.forEach((range) -> this.reflectors.computeIfAbsent(range.withoutValues(), this::reflector));
		this.reflectors.values().forEach(Reflector::start);
	}

	private Reflector reflector(KeyRange keys) {
		return new Reflector(keys, this.store.watcher(keys), this.loop,
				new RetryDelays(EtcdConfigRefresher.LONGEST_DELAY),
				new MirrorTiming(REQUEST_INTERVAL, MirrorTiming.CHECK_INTERVAL, AUDIT_INTERVAL),
				new Trigger(this.listener));
	}

	/**
	 * Stop watching until it is started again.
	 */
	synchronized void stop() {
		this.reflectors.values().forEach(Reflector::stop);
	}

	@Override
	public synchronized void close() {
		this.reflectors.values().forEach(Reflector::close);
		this.loop.close();
	}

	/**
	 * Is called for changes.
	 */
	interface Listener {

		/**
		 * Keys were written, or may have been.
		 */
		void written();

		/**
		 * The watch was lost: changes are not seen until it is back.
		 */
		void lost(EtcdAccessException failure);

	}

	private record Trigger(Listener listener) implements SnapshotListener {

		@Override
		public void published(Publication publication) {
			if (!publication.changedKeys().isEmpty()) {
				this.listener.written();
			}
		}

		@Override
		public void synced(Snapshot snapshot) {
			this.listener.written();
		}

		@Override
		public void lost(EtcdAccessException failure, @Nullable Snapshot served) {
			this.listener.lost(failure);
		}

	}

}
