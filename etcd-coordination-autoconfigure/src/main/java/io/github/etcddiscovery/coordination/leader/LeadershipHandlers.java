package io.github.etcddiscovery.coordination.leader;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

import io.github.etcddiscovery.coordination.FencingToken;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.ThreadEventLoop;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Calls handlers and listeners for the terms of a leadership, one call at a time on a
 * thread of the role. They are not called for a term that began and ended while they were
 * busy. Whoever was called for the beginning of a term is called for its end. Safe for
 * use by any thread.
 */
final class LeadershipHandlers {

	private static final Log logger = LogFactory.getLog(LeadershipHandlers.class);

	private final Leadership leadership;

	private final List<LeadershipListener> listeners;

	private final List<Consumer<FencingToken>> onGranted = new CopyOnWriteArrayList<>();

	private final List<Consumer<FencingToken>> onRevoked = new CopyOnWriteArrayList<>();

	private final EventLoop loop;

	private final AtomicBoolean toTell = new AtomicBoolean();

	/**
	 * Of the loop: the term whose beginning they were called for.
	 */
	private @Nullable Term told;

	LeadershipHandlers(Leadership leadership, List<LeadershipListener> listeners) {
		this.leadership = leadership;
		this.listeners = listeners;
		this.loop = new ThreadEventLoop("etcd-leader-" + leadership.role());
	}

	void onGranted(Consumer<FencingToken> handler) {
		this.loop.execute(() -> {
			this.onGranted.add(handler);
			Term term = this.told;
			Term.Run run = (term != null) ? term.begin(false) : null;
			if (run != null) {
				try (run) {
					part(run, () -> handler.accept(run.token()));
				}
			}
		});
	}

	void onRevoked(Consumer<FencingToken> handler) {
		this.onRevoked.add(handler);
	}

	/**
	 * A term has begun or ended.
	 */
	void tell() {
		if (this.toTell.compareAndSet(false, true)) {
			this.loop.execute(() -> {
				this.toTell.set(false);
				Term now = this.leadership.term();
				if (this.told != null && this.told != now) {
					revoked(this.told);
				}
				if (now != null && now != this.told) {
					granted(now);
				}
			});
		}
	}

	/**
	 * Run a task after all calls that are due now.
	 */
	void afterwards(Runnable task) {
		this.loop.execute(task);
	}

	void close() {
		this.loop.execute(this.loop::close);
	}

	private void granted(Term term) {
		Term.Run run = term.begin(false);
		if (run == null) {
			return;
		}
		this.told = term;
		try (run) {
			this.listeners.forEach((listener) -> part(run, () -> listener.granted(this.leadership, term.token())));
			this.onGranted.forEach((handler) -> part(run, () -> handler.accept(term.token())));
		}
	}

	private void part(Term.Run run, Runnable handler) {
		run.part(this.leadership.interrupts(OnRevoked.AS_CONFIGURED), () -> guarded(handler));
	}

	private void revoked(Term term) {
		this.told = null;
		this.onRevoked.forEach((handler) -> guarded(() -> handler.accept(term.token())));
		this.listeners.forEach((listener) -> guarded(() -> listener.revoked(this.leadership, term.token())));
	}

	private void guarded(Runnable handler) {
		try {
			handler.run();
		}
		catch (RuntimeException | Error ex) {
			logger.error("A handler of the leadership for '%s' failed".formatted(this.leadership.role()), ex);
		}
	}

}
