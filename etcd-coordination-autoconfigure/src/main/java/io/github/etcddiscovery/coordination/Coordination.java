package io.github.etcddiscovery.coordination;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;

import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.RetryDelays;
import io.github.etcddiscovery.core.ThreadEventLoop;
import io.github.etcddiscovery.lease.Contender;
import io.github.etcddiscovery.lease.LeaseStatus;
import io.github.etcddiscovery.lease.LeasedQueues;
import io.github.etcddiscovery.lease.ProcessLease;
import io.github.etcddiscovery.lease.QueueStore;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.Reflector;
import io.github.etcddiscovery.watch.SnapshotListener;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * The places of this process in the queues of roles and locks, the lease that the keys of
 * these places are attached to, and the thread that ends a place when the lease can no
 * longer keep its key. Safe for use by any thread.
 */
public final class Coordination implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(Coordination.class);

	/**
	 * An etcd that does not answer does not delay the end of the application.
	 */
	private static final Duration LONGEST_GOODBYE = Duration.ofMillis(1500);

	private static final Duration LONGEST_DELAY = Duration.ofSeconds(5);

	private final QueueStore store;

	private final Function<KeyRange, ListerWatcher> watches;

	private final ProcessLease lease;

	private final EventLoop mirrors;

	private final Duration requestTimeout;

	private final String prefix;

	private final String id;

	private final LeasedQueues queues;

	private final EventLoop watchdog = new ThreadEventLoop("etcd-coordination");

	/**
	 * Create it. No request is made before the first queue is entered.
	 * @param store etcd
	 * @param watches creates watches of keys
	 * @param lease the lease
	 * @param margin how long before the earliest expiry of the lease a tenure ends
	 * @param mirrors the loop of the mirrors of {@code observe} and {@code mirror}; not
	 * closed here
	 * @param requestTimeout the deadline of a request
	 * @param prefix the prefix of all keys
	 * @param id the value of the keys of this process
	 */
	public Coordination(QueueStore store, Function<KeyRange, ListerWatcher> watches, ProcessLease lease,
			Duration margin, EventLoop mirrors, Duration requestTimeout, String prefix, String id) {
		this.store = store;
		this.watches = watches;
		this.lease = lease;
		this.mirrors = mirrors;
		this.requestTimeout = requestTimeout;
		this.prefix = prefix;
		this.id = id;
		this.queues = new LeasedQueues(store, watches, lease, margin, this.watchdog, requestTimeout);
	}

	/**
	 * The value of the keys of this process.
	 * @return the id
	 */
	public String id() {
		return this.id;
	}

	/**
	 * The deadline of a request.
	 * @return the duration
	 */
	public Duration requestTimeout() {
		return this.requestTimeout;
	}

	/**
	 * The present state of the lease.
	 * @return the status
	 */
	public LeaseStatus lease() {
		return this.lease.status();
	}

	/**
	 * The loop on which contenders are called.
	 * @return the loop, which the caller must not close
	 */
	public EventLoop loop() {
		return this.lease.loop();
	}

	/**
	 * Create this process's place in a queue. There may be one place for each queue.
	 * @param kind what the queue is for
	 * @param name its name
	 * @param listener is called when the place is reached or lost
	 * @return the place; the queue is not entered yet
	 */
	public Contender contender(Kind kind, String name, Contender.Listener listener) {
		return this.queues.contender(key(kind, name) + "/", this.id, listener);
	}

	/**
	 * List the keys in a queue.
	 * @param kind what the queue is for
	 * @param name its name
	 * @return the keys, the head first
	 */
	public CompletableFuture<List<Entry>> queue(Kind kind, String name) {
		return this.watches.apply(KeyRange.prefix(key(kind, name) + "/"))
			.list()
			.thenApply((snapshot) -> snapshot.entries()
				.values()
				.stream()
				.sorted(Comparator.comparingLong(Entry::createRevision))
				.toList());
	}

	/**
	 * Follow the head of a queue.
	 * @param kind what the queue is for
	 * @param name its name
	 * @param listener is given each new head; must not block
	 * @return closes it
	 */
	public Reflector follow(Kind kind, String name, Consumer<Entry> listener) {
		long[] last = new long[1];
		return mirror(KeyRange.prefix(key(kind, name) + "/"),
				(publication) -> publication.snapshot()
					.entries()
					.values()
					.stream()
					.min(Comparator.comparingLong(Entry::createRevision))
					.filter((head) -> head.createRevision() != last[0])
					.ifPresent((head) -> {
						last[0] = head.createRevision();
						listener.accept(head);
					}));
	}

	/**
	 * Mirror all keys of a kind.
	 * @param kind what they are for
	 * @param listener is told of them; must not block
	 * @return closes it
	 */
	public Reflector mirror(Kind kind, SnapshotListener listener) {
		return mirror(KeyRange.prefix("%s/%s/".formatted(this.prefix, kind.directory)), listener);
	}

	private Reflector mirror(KeyRange range, SnapshotListener listener) {
		Reflector reflector = new Reflector(range, this.watches.apply(range), this.mirrors,
				new RetryDelays(LONGEST_DELAY), this.requestTimeout, listener);
		reflector.start();
		return reflector;
	}

	/**
	 * Read a single key, outside a queue.
	 * @param kind what it is for
	 * @param name its name
	 * @return its value, if the key exists
	 */
	public CompletableFuture<Optional<String>> read(Kind kind, String name) {
		return this.watches.apply(KeyRange.single(key(kind, name)))
			.list()
			.thenApply((snapshot) -> snapshot.entries().values().stream().findAny().map(Entry::value));
	}

	/**
	 * Write or delete a single key, outside a queue and without a lease.
	 * @param kind what it is for
	 * @param name its name
	 * @param value its value, or {@code null} to delete it
	 * @return completes when etcd has done so
	 */
	public CompletableFuture<Void> write(Kind kind, String name, @Nullable String value) {
		String key = key(kind, name);
		return (value != null) ? this.store.put(key, value) : this.store.delete(key).thenAccept((existed) -> {
		});
	}

	/**
	 * The key of a name. Characters that would make one key the prefix of another are
	 * escaped as in a URL.
	 * @param kind what the key is for
	 * @param name the name
	 * @return the key; the keys of a queue are below it
	 */
	public String key(Kind kind, String name) {
		if (name.isEmpty()) {
			throw new IllegalArgumentException("A role and a lock need a name");
		}
		StringBuilder escaped = new StringBuilder();
		name.chars().forEach((character) -> {
			if (character == '/' || character == '%' || Character.isISOControl(character)) {
				escaped.append("%%%02X".formatted(character));
			}
			else {
				escaped.append((char) character);
			}
		});
		return "%s/%s/%s".formatted(this.prefix, kind.directory, escaped);
	}

	/**
	 * Leave all queues, and give up the lease unless another tenant of this process uses
	 * it.
	 */
	@Override
	public void close() {
		try {
			this.queues.close().get(LONGEST_GOODBYE.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		catch (ExecutionException | TimeoutException ex) {
			logger.warn("The places of this process could not be deleted; they are removed when lease %s expires"
				.formatted(lease().leaseIdInHex()));
		}
		this.watchdog.close();
	}

	/**
	 * What a key is for.
	 */
	public enum Kind {

		/**
		 * The leader of a role.
		 */
		LEADER("leaders"),

		/**
		 * The holder of a lock.
		 */
		LOCK("locks"),

		/**
		 * The only process that may lead a role. Not below the queues of roles, where
		 * Go's package would take the key for a candidate.
		 */
		PIN("pins");

		private final String directory;

		Kind(String directory) {
			this.directory = directory;
		}

	}

}
