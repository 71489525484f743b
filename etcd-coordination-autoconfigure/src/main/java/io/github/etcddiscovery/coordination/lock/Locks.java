package io.github.etcddiscovery.coordination.lock;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

import io.github.etcddiscovery.coordination.Coordination;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.util.ConcurrentReferenceHashMap;

/**
 * Locks in etcd, for threads ({@link #obtain}) and for reactive chains
 * ({@link #acquire}). Both wait in the same queues, together with {@code etcdctl lock}
 * and programs in Go. Safe for use by any thread.
 */
public final class Locks implements AutoCloseable {

	private final Coordination coordination;

	private final LockListener listener;

	/**
	 * A process has one place for each name: requests are made and queues are forgotten
	 * one at a time.
	 */
	private final Map<String, LockQueue> queues = new ConcurrentHashMap<>();

	/**
	 * Weak, since locks have no state: those that are still referenced.
	 */
	private final Map<String, EtcdLock> locks = new ConcurrentReferenceHashMap<>();

	private final Map<Holder, Hold> holds = new ConcurrentHashMap<>();

	private volatile boolean closed;

	/**
	 * Create locks.
	 * @param coordination the queues of etcd
	 * @param listeners are called when a lock is acquired, released or lost
	 */
	public Locks(Coordination coordination, List<LockListener> listeners) {
		this.coordination = coordination;
		List<LockListener> all = List.copyOf(listeners);
		this.listener = new LockListener() {

			@Override
			public void acquired(LockToken token, Duration waited) {
				all.forEach((each) -> each.acquired(token, waited));
			}

			@Override
			public void released(LockToken token, Duration held) {
				all.forEach((each) -> each.released(token, held));
			}

			@Override
			public void lost(LockToken token, String reason) {
				all.forEach((each) -> each.lost(token, reason));
			}

		};
	}

	/**
	 * The lock of a name. There may be many names: a lock that nobody holds or waits for
	 * takes no memory.
	 * @param name the name
	 * @return the lock, whether or not it is held
	 */
	public EtcdLock obtain(String name) {
		return this.locks.computeIfAbsent(name, (key) -> new EtcdLock(key, this, this.coordination.requestTimeout()));
	}

	/**
	 * Acquire the lock of a name in a reactive chain, waiting as long as necessary:
	 * {@code Mono.usingWhen(locks.acquire("x"), this::work, LockToken::release)}. A
	 * cancelled subscription leaves nothing behind.
	 * @param name the name
	 * @return the lock, acquired at each subscription
	 */
	public Mono<LockToken> acquire(String name) {
		return acquire(name, null);
	}

	/**
	 * Acquire the lock of a name in a reactive chain for a limited time, waiting as long
	 * as necessary.
	 * @param name the name
	 * @param ttl the time after which the lock ends, or {@code null} for never
	 * @return the lock, acquired at each subscription
	 */
	public Mono<LockToken> acquire(String name, @Nullable Duration ttl) {
		return Mono.create((sink) -> {
			LockQueue.Request request = request(name, ttl, true);
			sink.onCancel(request::cancel);
			request.granted().whenComplete((token, failure) -> {
				if (token != null) {
					sink.success(token);
				}
				else {
					sink.error(failure);
				}
			});
		});
	}

	LockQueue.Request request(String name, @Nullable Duration ttl, boolean patient) {
		if (this.closed) {
			throw new IllegalStateException("Lock '%s' can't be acquired: the application ends".formatted(name));
		}
		AtomicReference<LockQueue.Request> request = new AtomicReference<>();
		this.queues.compute(name, (key, known) -> {
			LockQueue queue = (known != null) ? known
					: new LockQueue(key, this.coordination, this.listener, () -> forget(key));
			request.set(queue.request(ttl, patient));
			return queue;
		});
		return request.get();
	}

	private void forget(String name) {
		this.queues.computeIfPresent(name, (key, queue) -> queue.isAtRest() ? null : queue);
	}

	boolean isHeld(String name) {
		LockQueue queue = this.queues.get(name);
		return queue != null && queue.isHeld();
	}

	/**
	 * The holds of the calling thread on a lock.
	 */
	@Nullable Hold hold(String name) {
		return this.holds.get(holder(name));
	}

	void hold(String name, LockToken token) {
		this.holds.put(holder(name), new Hold(token));
	}

	void letGo(String name) {
		this.holds.remove(holder(name));
	}

	private static Holder holder(String name) {
		return new Holder(Thread.currentThread(), name);
	}

	/**
	 * End all waiting requests.
	 */
	@Override
	public void close() {
		this.closed = true;
		this.coordination.loop().execute(() -> this.queues.values().forEach(LockQueue::close));
	}

	private record Holder(Thread thread, String name) {
	}

	/**
	 * How often a thread holds a lock. Confined to that thread.
	 */
	static final class Hold {

		private final LockToken token;

		private int count = 1;

		Hold(LockToken token) {
			this.token = token;
		}

		LockToken token() {
			return this.token;
		}

		void oneMore() {
			this.count++;
		}

		/**
		 * Remove one hold.
		 * @return whether it was the last
		 */
		boolean oneLess() {
			return --this.count == 0;
		}

	}

}
