package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Predicate;

import io.etcd.jetcd.Client;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.Outcomes;
import io.github.etcddiscovery.core.ThreadEventLoop;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * A connection that comes back soon after etcd does. gRPC waits up to two minutes between
 * its attempts to reconnect and jetcd gives no handle on that; so a client that has been
 * without contact for a while is replaced, by the next one who asks for it. Safe for use
 * by any thread.
 */
public final class EtcdConnection implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(EtcdConnection.class);

	private static final Duration SHORTEST = Duration.ofSeconds(1);

	private static final Duration AT_ONCE = Duration.ofMillis(100);

	private final EtcdClientFactory factory;

	private final Duration replaceAfter;

	private final Duration renewalTimeout;

	private final Duration requestTimeout;

	private final Set<Runnable> watches = ConcurrentHashMap.newKeySet();

	private final Set<LiveClient> retired = ConcurrentHashMap.newKeySet();

	private final Set<CompletableFuture<?>> owed = ConcurrentHashMap.newKeySet();

	private final EventLoop loop = new ThreadEventLoop("etcd-connection");

	private final Object lock = new Object();

	private @Nullable LiveClient live;

	private boolean closed;

	/**
	 * Create a connection; it connects with the first request.
	 * @param factory makes the clients
	 * @param connectTimeout how long to be without contact before the client is replaced
	 * @param ttl the lease's time to live: a third of it bounds that too, and a quarter
	 * is the deadline of a renewal, so that a lease survives two that are lost
	 * @param requestTimeout the deadline of other requests
	 */
	public EtcdConnection(EtcdClientFactory factory, Duration connectTimeout, Duration ttl, Duration requestTimeout) {
		this.factory = factory;
		this.requestTimeout = requestTimeout;
		this.replaceAfter = max(SHORTEST, min(connectTimeout, ttl.dividedBy(3)));
		this.renewalTimeout = max(SHORTEST.dividedBy(2), min(requestTimeout, ttl.dividedBy(4)));
	}

	/**
	 * Ask something of etcd. Never throws: what goes wrong before the request is made
	 * fails the future as well.
	 * <p>
	 * A request whose connection was refused or broke is asked once more: over a fresh
	 * connection if the one it was asked over is of no use any more, since gRPC waits
	 * before it connects again. So a request may reach etcd twice, and must be one for
	 * which that is the same as once.
	 */
	<T> CompletableFuture<T> call(Function<Client, CompletableFuture<T>> request) {
		CompletableFuture<T> answer = new CompletableFuture<>();
		this.owed.add(answer);
		answer.whenComplete((result, failure) -> this.owed.remove(answer));
		ask(request, true, answer);
		return answer;
	}

	private <T> void ask(Function<Client, CompletableFuture<T>> request, boolean again, CompletableFuture<T> answer) {
		try {
			LiveClient asked = live();
			asked.ask(request).whenComplete((result, cause) -> {
				EtcdAccessException failure = (cause != null) ? translate(cause) : null;
				if (again && failure != null && failure.getKind() == Kind.UNREACHABLE) {
					// Not on a thread of the client that is about to be closed
					this.loop.execute(() -> {
						if (asked.lost().compareTo(AT_ONCE) >= 0) {
							replace(asked, failure);
						}
						ask(request, false, answer);
					});
				}
				else {
					Outcomes.into(answer).accept(result, failure);
				}
			});
		}
		catch (RuntimeException ex) {
			answer.completeExceptionally(translate(ex));
		}
	}

	/**
	 * Read something of etcd, and ask a second time when that helps.
	 */
	<T> CompletableFuture<T> read(Function<Client, CompletableFuture<T>> request) {
		return HedgedRead.of(() -> call(request), this.loop);
	}

	EtcdAccessException translate(Throwable failure) {
		return EtcdFailures.translate(failure, this.factory.endpoints());
	}

	/**
	 * Go over to a fresh connection, because the certificates were replaced. Nothing is
	 * lost: requests that are under way end on the old one, and each watch is told to
	 * begin anew before that is closed.
	 */
	public void renew() {
		if (retire((live) -> true)) {
			logger.info("The certificates for etcd were replaced: going over to a fresh connection");
		}
	}

	/**
	 * Go over to a fresh connection in the same way, because a member is silent: over
	 * this one it would be asked again whenever it is its turn, since to gRPC it is
	 * connected. A fresh one is made only with members that answer.
	 * @param client what it is silent to; nothing happens if that is in use no longer
	 */
	void shun(Client client) {
		if (retire((live) -> live.client() == client)) {
			logger.debug("A member of etcd is silent: going over to a fresh connection");
		}
	}

	private boolean retire(Predicate<LiveClient> which) {
		LiveClient old;
		synchronized (this.lock) {
			old = this.live;
			if (old == null || !which.test(old)) {
				return false;
			}
			this.live = null;
			this.retired.add(old);
		}
		this.watches.forEach(Runnable::run);
		this.loop.schedule(() -> closeRetired(old), this.requestTimeout);
		return true;
	}

	private void closeRetired(LiveClient old) {
		old.close();
		this.retired.remove(old);
	}

	/**
	 * Be told when the connection is renewed.
	 * @param watch begins anew
	 * @return to be told no longer
	 */
	Runnable onRenewal(Runnable watch) {
		// Of its own, so that it can be taken out again
		Runnable registered = watch::run;
		this.watches.add(registered);
		return () -> this.watches.remove(registered);
	}

	/**
	 * The client to use for the next request, and for no longer than that one.
	 */
	Client client() {
		return live().client();
	}

	private LiveClient live() {
		LiveClient live = current();
		Duration lost = live.lost();
		if (lost.compareTo(this.replaceAfter) < 0) {
			return live;
		}
		replace(live, new EtcdAccessException(Kind.UNREACHABLE,
				"etcd at %s has not answered for %d ms".formatted(this.factory.endpoints(), lost.toMillis()), null));
		return current();
	}

	private LiveClient current() {
		synchronized (this.lock) {
			if (this.closed) {
				throw isClosed();
			}
			if (this.live == null) {
				ContactInterceptor contact = new ContactInterceptor(System::nanoTime);
				this.live = new LiveClient(
						this.factory.create(this.renewalTimeout, List.of(contact, new LeaderInterceptor())), contact);
			}
			return this.live;
		}
	}

	/**
	 * Go over to a fresh client, unless another one who asked has seen to it: only the
	 * client that was of no use is closed, never one that came after it.
	 */
	private void replace(LiveClient asked, EtcdAccessException reason) {
		synchronized (this.lock) {
			if (this.live != asked) {
				return;
			}
			this.live = null;
		}
		logger.debug("Starting a fresh connection: " + reason.getMessage());
		asked.close(reason);
	}

	/**
	 * Let requests through again after the connection was stopped.
	 */
	public void open() {
		synchronized (this.lock) {
			this.closed = false;
		}
	}

	/**
	 * Close what is open. Requests fail until the connection is opened again.
	 */
	public void stop() {
		LiveClient last;
		synchronized (this.lock) {
			this.closed = true;
			last = this.live;
			this.live = null;
		}
		if (last != null) {
			last.close();
		}
		this.retired.forEach(this::closeRetired);
	}

	/**
	 * Close what is open, for good.
	 */
	@Override
	public void close() {
		stop();
		this.loop.close();
		// Those that were to be asked again and now are not
		this.owed.forEach((answer) -> answer.completeExceptionally(isClosed()));
	}

	private static EtcdAccessException isClosed() {
		return new EtcdAccessException(Kind.CANCELLED, "the connection to etcd is closed", null);
	}

	private static Duration min(Duration one, Duration other) {
		return (one.compareTo(other) < 0) ? one : other;
	}

	private static Duration max(Duration one, Duration other) {
		return (one.compareTo(other) > 0) ? one : other;
	}

}
