package io.github.etcddiscovery.coordination.lock;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

import io.github.etcddiscovery.coordination.Coordination;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.lease.Contender;
import io.github.etcddiscovery.lease.Tenure;
import io.github.etcddiscovery.lease.Tenure.Cause;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * The requests of this process for one lock, in order. The first of them has the place of
 * the process in etcd's queue. Each request enters that queue at its end, so processes
 * take turns. Confined to the loop, except for methods documented as "from any thread".
 */
final class LockQueue {

	private static final Log logger = LogFactory.getLog(LockQueue.class);

	private final String name;

	private final EventLoop loop;

	private final LockListener listener;

	private final Runnable onRest;

	private final Contender contender;

	private final Deque<Request> waiting = new ArrayDeque<>();

	private volatile @Nullable Request first;

	private boolean closed;

	/**
	 * All requests that have not left the queue yet.
	 */
	private final AtomicInteger users = new AtomicInteger();

	private boolean comingToRest;

	/**
	 * Create a queue.
	 * @param name the name of the lock
	 * @param coordination the queues of etcd
	 * @param listener is called when the lock is acquired, released or lost
	 * @param onRest is called on the loop when no request is left
	 */
	LockQueue(String name, Coordination coordination, LockListener listener, Runnable onRest) {
		this.name = name;
		this.loop = coordination.loop();
		this.listener = listener;
		this.onRest = onRest;
		this.contender = coordination.contender(Coordination.Kind.LOCK, name, new ContenderListener());
	}

	String name() {
		return this.name;
	}

	/**
	 * Whether no request is left, and no key of this process in etcd. From any thread.
	 */
	boolean isAtRest() {
		return this.users.get() == 0 && this.contender.state() == Contender.State.OUT;
	}

	/**
	 * Whether this process holds the lock. From any thread.
	 */
	boolean isHeld() {
		LockToken token = firstToken();
		return token != null && token.isHeld();
	}

	/**
	 * Request the lock. From any thread.
	 * @param ttl the time after which the lock ends, or {@code null}
	 * @param patient whether to wait while another request holds it
	 */
	Request request(@Nullable Duration ttl, boolean patient) {
		Request request = new Request(ttl, patient);
		this.users.incrementAndGet();
		this.loop.execute(() -> {
			if (this.closed) {
				this.users.decrementAndGet();
				request.granted.completeExceptionally(new IllegalStateException("The application ends"));
			}
			else if (!patient && this.first != null) {
				this.users.decrementAndGet();
				request.granted.cancel(false);
			}
			else {
				this.waiting.add(request);
				next();
			}
		});
		return request;
	}

	private void next() {
		if (this.first == null && !this.waiting.isEmpty()) {
			this.first = this.waiting.remove();
			this.contender.enter();
		}
	}

	/**
	 * Enter etcd's queue at its end for the next request.
	 */
	private CompletableFuture<Boolean> leave() {
		this.first = null;
		CompletableFuture<Boolean> left = this.contender.leave();
		next();
		left.whenComplete((done, failure) -> {
			if (this.users.decrementAndGet() == 0 && !this.comingToRest) {
				this.comingToRest = true;
				this.contender.whenOut().thenRun(() -> {
					this.comingToRest = false;
					this.onRest.run();
				});
			}
		});
		return left;
	}

	/**
	 * Release the lock. From any thread.
	 */
	CompletableFuture<Void> release(LockToken token) {
		CompletableFuture<Void> released = new CompletableFuture<>();
		this.loop.execute(() -> {
			Request held = this.first;
			// Its time may have ended at this moment
			token.isHeld();
			Tenure.End end = token.tenure().end();
			if (end != null && isLost(end)) {
				released.completeExceptionally(new LockLostException(this.name, end.reason()));
			}
			if (held != null && held.token == token) {
				this.listener.released(token, Duration.ofNanos(this.loop.nanoTime() - token.since()));
				// A failure is not the caller's: the key goes with the lease at the
				// latest
				leave().whenComplete((intact, failure) -> {
					// The watch may have told of the deletion since, when this token was
					// no longer the first
					if (Boolean.FALSE.equals(intact) || (end == null && isLost(token.tenure().end()))) {
						String reason = "key '%s' was gone when it was released".formatted(token.token().key());
						tellLost(token, reason);
						released.completeExceptionally(new LockLostException(this.name, reason));
					}
					else {
						released.complete(null);
					}
				});
			}
			else {
				released.complete(null);
			}
		});
		return released;
	}

	/**
	 * The token of the first request, if it holds the lock.
	 */
	private @Nullable LockToken firstToken() {
		Request first = this.first;
		return (first != null) ? first.token : null;
	}

	private static boolean isLost(Tenure.@Nullable End end) {
		return end != null && end.cause() != Cause.RELEASED;
	}

	private void tellLost(LockToken token, String reason) {
		logger.warn("Lost lock '%s': %s".formatted(this.name, reason));
		this.listener.lost(token, reason);
	}

	/**
	 * End all requests: none is granted any more.
	 */
	void close() {
		this.closed = true;
		List.copyOf(this.waiting)
			.forEach((request) -> request.granted
				.completeExceptionally(new IllegalStateException("The application ends")));
		this.waiting.clear();
		Request first = this.first;
		if (first != null) {
			first.granted.completeExceptionally(new IllegalStateException("The application ends"));
		}
	}

	/**
	 * A request for the lock.
	 */
	final class Request {

		private final @Nullable Duration ttl;

		private final boolean patient;

		private final long askedAt = LockQueue.this.loop.nanoTime();

		private final CompletableFuture<LockToken> granted = new CompletableFuture<>();

		private volatile @Nullable LockToken token;

		Request(@Nullable Duration ttl, boolean patient) {
			this.ttl = ttl;
			this.patient = patient;
		}

		/**
		 * Completes with the lock; cancelled if the lock can't be acquired without
		 * waiting.
		 */
		CompletableFuture<LockToken> granted() {
			return this.granted;
		}

		/**
		 * Withdraw the request. If it was granted at the same moment, the lock is
		 * released. From any thread.
		 */
		void cancel() {
			this.granted.cancel(false);
			LockQueue.this.loop.execute(() -> {
				if (LockQueue.this.waiting.remove(this)) {
					LockQueue.this.users.decrementAndGet();
				}
				else if (LockQueue.this.first == this) {
					leave();
				}
			});
		}

		private void grant(Tenure tenure) {
			LockToken token = new LockToken(LockQueue.this, tenure, this.ttl, LockQueue.this.loop.nanoTime());
			this.token = token;
			if (this.ttl != null) {
				tenure.expireAfter(this.ttl);
			}
			LockQueue.this.listener.acquired(token, Duration.ofNanos(LockQueue.this.loop.nanoTime() - this.askedAt));
			this.granted.complete(token);
		}

	}

	private final class ContenderListener implements Contender.Listener {

		@Override
		public void queued() {
			Request first = LockQueue.this.first;
			if (first != null && !first.patient) {
				first.granted.cancel(false);
				leave();
			}
		}

		@Override
		public void granted(Tenure tenure) {
			Request first = LockQueue.this.first;
			if (first == null || first.granted.isDone()) {
				// It is about to leave, or was lost and is about to be
				return;
			}
			first.grant(tenure);
		}

		@Override
		public void ended(Tenure tenure) {
			Tenure.End end = tenure.end();
			if (end == null || !isLost(end)) {
				return;
			}
			LockQueue.this.loop.execute(() -> lost(tenure));
			LockToken token = firstToken();
			if (token != null && token.tenure() == tenure) {
				tellLost(token, end.reason());
			}
		}

		private void lost(Tenure tenure) {
			LockToken token = firstToken();
			if (token != null && token.tenure() == tenure) {
				LockQueue.this.listener.released(token,
						Duration.ofNanos(LockQueue.this.loop.nanoTime() - token.since()));
				leave();
			}
		}

	}

}
