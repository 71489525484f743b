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
 * Says that something was written, or may have been while nobody watched. What it was is
 * for the listener to read: so events need not be merged, and deletions, compactions and
 * restored backups are nothing special.
 */
final class ConfigWatch implements AutoCloseable {

	private static final Duration AUDIT_INTERVAL = Duration.ofMinutes(5);

	private static final Duration REQUEST_INTERVAL = Duration.ofSeconds(5);

	private final EventLoop loop = new ThreadEventLoop("etcd-config-watch");

	private final Map<KeyRange, Reflector> reflectors = new HashMap<>();

	private final ConfigStore store;

	private final Listener listener;

	/**
	 * Create a watch; it watches nothing yet.
	 * @param store where the keys are
	 * @param listener is told, on a thread of the watch
	 */
	ConfigWatch(ConfigStore store, Listener listener) {
		this.store = store;
		this.listener = listener;
	}

	/**
	 * Watch ranges from now on, beside those that are watched.
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
	 * Watch nothing until it is started again.
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
	 * Is told of changes.
	 */
	interface Listener {

		/**
		 * Something was written, or may have been.
		 */
		void written();

		/**
		 * What is written is not seen until the watch is back.
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
