package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.function.Consumer;

import io.github.etcddiscovery.core.EventLoop;

/**
 * Damps changes of readiness. That the application refuses traffic is passed on at once;
 * that it accepts traffic again only after that has lasted for {@link #REST}. An
 * application whose readiness flaps is thus out of service until it settles, instead of
 * writing to etcd each time. Safe for use by any thread.
 */
final class SteadyReadiness {

	/**
	 * How long the application has to accept traffic before that is passed on.
	 */
	static final Duration REST = Duration.ofSeconds(2);

	private final EventLoop loop;

	private final Consumer<Boolean> others;

	private boolean accepting = true;

	private boolean told = true;

	private int changes;

	/**
	 * Create an object for an application that has just begun to accept traffic.
	 * @param loop times the delay; not closed here
	 * @param others receives each change, in order and one at a time; must not block
	 */
	SteadyReadiness(EventLoop loop, Consumer<Boolean> others) {
		this.loop = loop;
		this.others = others;
	}

	/**
	 * Readiness has changed.
	 */
	synchronized void changed(boolean accepting) {
		if (this.accepting == accepting) {
			return;
		}
		this.accepting = accepting;
		int change = ++this.changes;
		if (!accepting) {
			tell(false);
		}
		else {
			this.loop.schedule(() -> rested(change), REST);
		}
	}

	private synchronized void rested(int change) {
		if (change == this.changes) {
			tell(true);
		}
	}

	private void tell(boolean accepting) {
		if (this.told != accepting) {
			this.told = accepting;
			this.others.accept(accepting);
		}
	}

	/**
	 * Return to the initial state. A change that has not been passed on yet is dropped.
	 */
	synchronized void reset() {
		this.changes++;
		this.accepting = true;
		this.told = true;
	}

}
