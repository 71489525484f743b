package io.github.etcddiscovery.coordination.leader;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;

import io.github.etcddiscovery.coordination.Coordination;
import io.github.etcddiscovery.coordination.Coordination.Kind;
import io.github.etcddiscovery.core.EscapedText;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.Publication;
import io.github.etcddiscovery.watch.Reflector;
import io.github.etcddiscovery.watch.Snapshot;
import io.github.etcddiscovery.watch.SnapshotListener;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * The roles that operators have pinned to a process, each by a key without a lease. While
 * a role is pinned, no other application with this library campaigns for it, even if that
 * process is not running. Pins do not stop programs that do not know of them, such as
 * {@code etcdctl elect}. Safe for use by any thread.
 */
final class Pins {

	private static final Log logger = LogFactory.getLog(Pins.class);

	private final Coordination coordination;

	private final Runnable onChange;

	private final ReentrantLock lock = new ReentrantLock();

	private @Nullable Reflector reflector;

	/**
	 * By key, or {@code null} until they have been read.
	 */
	private volatile @Nullable Map<String, Entry> pins;

	/**
	 * Create pins, which are not followed yet.
	 * @param coordination reads and writes their keys
	 * @param onChange is called when pins have changed; must not block
	 */
	Pins(Coordination coordination, Runnable onChange) {
		this.coordination = coordination;
		this.onChange = onChange;
	}

	/**
	 * Follow the pins, unless that has begun already.
	 */
	void follow() {
		this.lock.lock();
		try {
			if (this.reflector == null) {
				this.reflector = this.coordination.mirror(Kind.PIN, new Listener());
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Whether this process may campaign for a role.
	 * @param role the role
	 * @return {@code false} if the role is pinned to another process, or the pins have
	 * not been read yet
	 */
	boolean allow(String role) {
		Map<String, Entry> pins = this.pins;
		if (pins == null) {
			return false;
		}
		Entry pin = pins.get(this.coordination.key(Kind.PIN, role));
		return pin == null || pin.value().strip().equals(this.coordination.id());
	}

	/**
	 * Read from etcd which process a role is pinned to.
	 */
	CompletableFuture<Optional<String>> read(String role) {
		return this.coordination.read(Kind.PIN, role);
	}

	CompletableFuture<Void> write(String role, @Nullable String id) {
		return this.coordination.write(Kind.PIN, role, id);
	}

	void close() {
		this.lock.lock();
		try {
			if (this.reflector != null) {
				this.reflector.close();
			}
		}
		finally {
			this.lock.unlock();
		}
	}

	private final class Listener implements SnapshotListener {

		@Override
		public void published(Publication publication) {
			Map<String, Entry> entries = publication.snapshot().entries();
			Pins.this.pins = entries;
			publication.changedKeys().forEach((key) -> {
				Entry pin = entries.get(key);
				logger.info((pin != null) ? "'%s' pins the role to '%s'".formatted(key, EscapedText.of(pin.value()))
						: "'%s' is gone: the role is no longer pinned".formatted(key));
			});
			Pins.this.onChange.run();
		}

		@Override
		public void lost(EtcdAccessException failure, @Nullable Snapshot served) {
			if (served == null) {
				logger.warn("Cannot read which roles are pinned: %s. This process does not campaign until it can"
					.formatted(failure.describe()));
			}
		}

	}

}
