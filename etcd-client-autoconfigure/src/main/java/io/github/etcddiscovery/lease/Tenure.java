package io.github.etcddiscovery.lease;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

import io.github.etcddiscovery.core.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * One uninterrupted time at the head of a queue. What it guarantees:
 * <ul>
 * <li>It is valid only as long as nobody else can stand at the head: until the lease
 * could end for want of the renewal that was last answered, counted from when that was
 * sent, less a margin for clocks that do not run at the same rate. That is computed at
 * each call from the monotonic clock.
 * <li>It ends once, and never becomes valid again: whoever stays at the head after an
 * interruption gets a new one.
 * <li>Its end is told at the moment that it comes, by a thread of its own, even when the
 * loop of the lease is busy.
 * </ul>
 * No clock helps when the whole process is stopped between asking and acting; the token
 * does, where it is checked. Safe for use by any thread.
 */
public final class Tenure {

	private final String key;

	private final long token;

	private final long leaseId;

	private final ProcessLease lease;

	private final Duration margin;

	private final EventLoop watchdog;

	private final Consumer<Tenure> onEnd;

	private final AtomicReference<@Nullable End> end = new AtomicReference<>();

	private final AtomicReference<@Nullable Future<?>> timer = new AtomicReference<>();

	/**
	 * When it ends at the latest by the watchdog's clock, or {@code null} if only the
	 * lease ends it.
	 */
	private volatile @Nullable Long deadline;

	Tenure(String key, long token, long leaseId, ProcessLease lease, Duration margin, EventLoop watchdog,
			Consumer<Tenure> onEnd) {
		this.key = key;
		this.token = token;
		this.leaseId = leaseId;
		this.lease = lease;
		this.margin = margin;
		this.watchdog = watchdog;
		this.onEnd = onEnd;
	}

	/**
	 * Watch over its time.
	 */
	void start() {
		Duration left = validFor();
		if (!left.isZero()) {
			replaceTimer(this.watchdog.schedule(() -> {
				if (isValid()) {
					start();
				}
			}, left));
		}
	}

	private void replaceTimer(@Nullable Future<?> next) {
		Future<?> last = this.timer.getAndSet(next);
		if (last != null) {
			last.cancel(false);
		}
	}

	/**
	 * Whether it lasts. Ends it when its time is over.
	 * @return {@code true} if nobody else can be at the head now
	 */
	public boolean isValid() {
		return !validFor().isZero();
	}

	/**
	 * How long it lasts from now without another renewal of the lease.
	 * @return the time; zero when it has ended
	 */
	public Duration validFor() {
		if (this.end.get() != null) {
			return Duration.ZERO;
		}
		Long deadline = this.deadline;
		Duration left = this.lease.remaining(this.leaseId, this.margin);
		if (deadline != null) {
			long rest = deadline - this.watchdog.nanoTime();
			if (rest <= 0) {
				end(Cause.EXPIRED, "its time was over");
				return Duration.ZERO;
			}
			left = (rest < left.toNanos()) ? Duration.ofNanos(rest) : left;
		}
		if (left.isZero()) {
			end(Cause.NOT_RENEWED, "lease %x could not be renewed in time".formatted(this.leaseId));
		}
		return left;
	}

	/**
	 * End it after some time at the latest, counted from now, in place of what was said
	 * before.
	 * @param time the time
	 */
	public void expireAfter(Duration time) {
		this.deadline = this.watchdog.nanoTime() + time.toNanos();
		start();
	}

	/**
	 * End it, unless it has ended.
	 * @param cause why
	 * @param reason why, for people
	 */
	void end(Cause cause, String reason) {
		if (this.end.compareAndSet(null, new End(cause, reason))) {
			replaceTimer(null);
			this.onEnd.accept(this);
		}
	}

	/**
	 * The key at the head of the queue.
	 * @return the key
	 */
	public String key() {
		return this.key;
	}

	/**
	 * The revision of etcd at which the key was created: greater than that of all who
	 * were at the head before.
	 * @return the fencing token
	 */
	public long token() {
		return this.token;
	}

	/**
	 * The lease that the key is attached to.
	 * @return its id
	 */
	public long leaseId() {
		return this.leaseId;
	}

	/**
	 * Why it ended.
	 * @return the end, or {@code null} while it lasts
	 */
	public @Nullable End end() {
		return this.end.get();
	}

	/**
	 * Why a tenure ended.
	 *
	 * @param cause why
	 * @param reason why, for people
	 */
	public record End(Cause cause, String reason) {
	}

	/**
	 * What ends a tenure.
	 */
	public enum Cause {

		/**
		 * It was given up.
		 */
		RELEASED,

		/**
		 * The time that it was given was over.
		 */
		EXPIRED,

		/**
		 * The lease could not be renewed in time.
		 */
		NOT_RENEWED,

		/**
		 * The lease had ended or was revoked.
		 */
		LEASE_ENDED,

		/**
		 * Somebody deleted the key, or etcd lost it.
		 */
		KEY_DELETED

	}

}
