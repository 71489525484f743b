package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.function.Consumer;

import io.github.etcddiscovery.core.EventLoop;

/**
 * Tells others at once that the application refuses traffic, and that it accepts it again
 * only when that has lasted: readiness that flaps is out of service until it has come to
 * rest, instead of writing to etcd each time. Safe for use by any thread.
 */
final class SteadyReadiness {

	/**
	 * How long traffic has to be accepted before others hear of it.
	 */
	static final Duration REST = Duration.ofSeconds(2);

	private final EventLoop loop;

	private final Consumer<Boolean> others;

	private boolean accepting = true;

	private boolean told = true;

	private int changes;

	/**
	 * Create it for an application that has just said that it accepts traffic.
	 * @param loop the loop that waits; not closed here
	 * @param others is told, in order and one at a time; must not block
	 */
	SteadyReadiness(EventLoop loop, Consumer<Boolean> others) {
		this.loop = loop;
		this.others = others;
	}

	/**
	 * The application says whether it accepts traffic.
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
	 * Begin anew, as after creation: what was to be told is not told any more.
	 */
	synchronized void reset() {
		this.changes++;
		this.accepting = true;
		this.told = true;
	}

}
