package io.github.etcddiscovery.coordination.lock;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

import io.github.etcddiscovery.coordination.Coordination;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Locks in etcd, for threads ({@link #obtain}) and for reactive chains
 * ({@link #acquire}), which stand in the same queues. Whoever is {@code etcdctl lock} or
 * a program in Go may be among them. Safe for use by any thread.
 */
public final class Locks implements AutoCloseable {

	/**
	 * A place in etcd's queue may still be about to go for as long.
	 */
	private static final Duration SHORTEST_REST = Duration.ofSeconds(30);

	private final Coordination coordination;

	private final LockListener listener;

	/**
	 * A process has one place for each name: requests are made and queues are forgotten
	 * one at a time.
	 */
	private final Map<String, LockQueue> queues = new ConcurrentHashMap<>();

	private final Map<String, EtcdLock> locks = new ConcurrentHashMap<>();

	private volatile boolean closed;

	/**
	 * Create locks.
	 * @param coordination the session
	 * @param listeners are told what becomes of them
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
	 * The lock of a name, which is not acquired yet.
	 * @param name the name
	 * @return the lock
	 */
	public EtcdLock obtain(String name) {
		return this.locks.computeIfAbsent(name, (key) -> new EtcdLock(key, this, this.coordination.requestTimeout()));
	}

	/**
	 * Acquire the lock of a name for a chain, however long that takes:
	 * {@code Mono.usingWhen(locks.acquire("x"), this::work, LockToken::release)}. A
	 * subscription that is cancelled leaves nothing behind.
	 * @param name the name
	 * @return the lock, for each subscription
	 */
	public Mono<LockToken> acquire(String name) {
		return acquire(name, null);
	}

	/**
	 * Acquire the lock of a name for a chain, however long that takes; it ends by itself
	 * after some time.
	 * @param name the name
	 * @param ttl after which time, or {@code null} for never
	 * @return the lock, for each subscription
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
			throw new IllegalStateException("Lock '%s' can't be had: the application ends".formatted(name));
		}
		AtomicReference<LockQueue.Request> request = new AtomicReference<>();
		this.queues.compute(name, (key, known) -> {
			LockQueue queue = (known != null) ? known : new LockQueue(key, this.coordination, this.listener);
			request.set(queue.request(ttl, patient));
			return queue;
		});
		return request.get();
	}

	/**
	 * Forget locks that nobody has or wants; who has obtained one obtains it anew then.
	 * @param time for how long nobody did
	 */
	public void expireUnused(Duration time) {
		Duration least = (time.compareTo(SHORTEST_REST) > 0) ? time : SHORTEST_REST;
		this.queues.keySet()
			.forEach((name) -> this.queues.computeIfPresent(name,
					(key, queue) -> queue.isUnusedFor(least) ? null : queue));
		this.locks.values().removeIf((lock) -> lock.isUnused() && !this.queues.containsKey(lock.name()));
	}

	/**
	 * Let nobody wait any more.
	 */
	@Override
	public void close() {
		this.closed = true;
		this.coordination.loop().execute(() -> this.queues.values().forEach(LockQueue::close));
	}

}
