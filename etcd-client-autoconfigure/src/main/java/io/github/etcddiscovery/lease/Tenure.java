package io.github.etcddiscovery.lease;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

import io.github.etcddiscovery.core.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * One uninterrupted period at the head of a queue. A tenure guarantees:
 * <ul>
 * <li>It is valid only while no other process can be at the head. It lasts until the
 * lease could expire, counted from when the last renewal that etcd answered was sent,
 * less a margin for clocks that run at different rates. Each call computes that from the
 * monotonic clock.
 * <li>It ends once and never becomes valid again. A contender that is still at the head
 * after an interruption gets a new tenure.
 * <li>Its end is announced when it happens, on the watchdog's thread, even while the loop
 * of the lease is busy.
 * </ul>
 * No clock helps when the whole process is paused between the check and the action. The
 * fencing token does, wherever it is checked. Safe for use by any thread.
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
	 * When this tenure ends at the latest, on the watchdog's clock, or {@code null} if
	 * only the lease limits it.
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
	 * Schedule the end of this tenure.
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
	 * Whether this tenure is valid. Ends it if its time is over.
	 * @return {@code true} if no other process can be at the head now
	 */
	public boolean isValid() {
		return !validFor().isZero();
	}

	/**
	 * How long this tenure lasts from now without another renewal of the lease.
	 * @return the time; zero when the tenure has ended
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
	 * Limit this tenure. Replaces an earlier limit.
	 * @param time the longest time that the tenure may last from now on
	 */
	public void expireAfter(Duration time) {
		this.deadline = this.watchdog.nanoTime() + time.toNanos();
		start();
	}

	/**
	 * End this tenure, unless it has ended.
	 * @param cause why
	 * @param reason the same as a sentence for people
	 */
	void end(Cause cause, String reason) {
		if (this.end.compareAndSet(null, new End(cause, reason))) {
			replaceTimer(null);
			this.onEnd.accept(this);
		}
	}

	/**
	 * The key that is at the head of the queue.
	 * @return the key
	 */
	public String key() {
		return this.key;
	}

	/**
	 * The revision of etcd at which the key was created, which is greater than that of
	 * every earlier head of the queue.
	 * @return the fencing token
	 */
	public long token() {
		return this.token;
	}

	/**
	 * The lease that the key is attached to.
	 * @return the id of the lease
	 */
	public long leaseId() {
		return this.leaseId;
	}

	/**
	 * Why this tenure ended.
	 * @return the end, or {@code null} while the tenure lasts
	 */
	public @Nullable End end() {
		return this.end.get();
	}

	/**
	 * Why a tenure ended.
	 *
	 * @param cause why
	 * @param reason the same as a sentence for people
	 */
	public record End(Cause cause, String reason) {
	}

	/**
	 * What ends a tenure.
	 */
	public enum Cause {

		/**
		 * The contender left the queue.
		 */
		RELEASED,

		/**
		 * The time that was set by {@link Tenure#expireAfter} was over.
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
		 * A client deleted the key, or etcd lost it.
		 */
		KEY_DELETED

	}

}
