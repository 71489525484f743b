package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.WatchRequest;
import io.etcd.jetcd.api.WatchResponse;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.ThreadEventLoop;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * The connection of the application to etcd: a channel to each member, of which one is in
 * use. Calls pass by a member that is of no use, and reconnect at once to a member that
 * is needed again, however long it was away. {@link MemberCall} describes what is
 * retried, and when. Safe for use by any thread; all work is done on a thread of the
 * connection's own, which never blocks.
 */
public final class EtcdConnection implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(EtcdConnection.class);

	private final EtcdClientFactory factory;

	private final CallPolicy writes;

	private final CallPolicy reads;

	private final Duration requestTimeout;

	private final Runnable unregistration;

	private final Set<CompletableFuture<?>> owed = ConcurrentHashMap.newKeySet();

	private final Set<Runnable> watches = ConcurrentHashMap.newKeySet();

	private final EventLoop loop = new ThreadEventLoop("etcd-connection");

	/**
	 * Looks members up in DNS. The thread starts with the first look-up.
	 */
	private final EventLoop resolver = new ThreadEventLoop("etcd-resolver");

	/**
	 * Converts large answers, which would take too long on the loop.
	 */
	private final EventLoop converter = new ThreadEventLoop("etcd-converter");

	/**
	 * Confined to the loop.
	 */
	private final Set<Members> former = new HashSet<>();

	/**
	 * Confined to the loop.
	 */
	private @Nullable Members members;

	/**
	 * Confined to the loop.
	 */
	private @Nullable CompletableFuture<List<Endpoint>> lookup;

	private volatile State state = State.OPEN;

	private volatile Reachability reachability = Reachability.UNKNOWN;

	/**
	 * Create a connection; it connects with the first request.
	 * @param factory makes the channels
	 * @param requestTimeout the deadline of every request
	 */
	public EtcdConnection(EtcdClientFactory factory, Duration requestTimeout) {
		this.factory = factory;
		this.requestTimeout = requestTimeout;
		this.writes = CallPolicy.of(requestTimeout);
		this.reads = this.writes.andHedged();
		this.unregistration = factory.onReplacement(() -> replaceChannels("connection details"));
	}

	/**
	 * Make a request that only reads.
	 */
	<Q, R> CompletableFuture<R> read(MethodDescriptor<Q, R> method, Q request) {
		return call(method, request, this.reads);
	}

	/**
	 * Make a request that only reads, of a member that need not have a leader.
	 */
	<Q, R> CompletableFuture<R> readStale(MethodDescriptor<Q, R> method, Q request) {
		return call(method, request, this.reads.andLeaderless());
	}

	/**
	 * Make a request of every member.
	 * @return an answer or a failure for each member, within the request timeout
	 */
	<Q, R> CompletableFuture<Map<Endpoint, CompletableFuture<R>>> readEach(MethodDescriptor<Q, R> method, Q request) {
		CompletableFuture<Map<Endpoint, CompletableFuture<R>>> answers = new CompletableFuture<>();
		withMembers((members) -> {
			Map<Endpoint, CompletableFuture<R>> each = new LinkedHashMap<>();
			members.all().forEach((member) -> each.put(member.endpoint(), ask(member, method, request)));
			answers.complete(each);
		}, answers::completeExceptionally);
		return owed(answers);
	}

	/**
	 * Let an answer fail if the connection is stopped before it is there.
	 */
	<T> CompletableFuture<T> owed(CompletableFuture<T> answer) {
		this.owed.add(answer);
		answer.whenComplete((result, failure) -> this.owed.remove(answer));
		if (this.state != State.OPEN) {
			answer.completeExceptionally(isClosed());
		}
		return answer;
	}

	/**
	 * Converts answers that are too large for the loop, one after another.
	 */
	Executor converter() {
		return this.converter;
	}

	private <Q, R> CompletableFuture<R> ask(Member member, MethodDescriptor<Q, R> method, Q request) {
		CompletableFuture<R> answer = new CompletableFuture<>();
		CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(this.requestTimeout.toNanos(), TimeUnit.NANOSECONDS)
			.withOption(LeaderInterceptor.LEADERLESS, true);
		ClientCalls.asyncUnaryCall(member.channel().newCall(method, options), request, new StreamObserver<R>() {

			@Override
			public void onNext(R value) {
				answer.complete(value);
			}

			@Override
			public void onError(Throwable failure) {
				answer.completeExceptionally(translate(failure));
			}

			@Override
			public void onCompleted() {
				answer.completeExceptionally(translate(Status.UNKNOWN.asRuntimeException()));
			}

		});
		return answer;
	}

	/**
	 * Make a request that writes.
	 */
	<Q, R> CompletableFuture<R> write(MethodDescriptor<Q, R> method, Q request) {
		return call(method, request, this.writes);
	}

	/**
	 * Make a request that renews a lease.
	 * @param bound the deadline, unless the request timeout is shorter
	 */
	<Q, R> CompletableFuture<R> renew(MethodDescriptor<Q, R> method, Q request, Duration bound) {
		return call(method, request,
				(bound.compareTo(this.requestTimeout) < 0) ? CallPolicy.of(bound).andHedged() : this.reads);
	}

	/**
	 * Make a request. Never throws: a failure before the request is sent fails the future
	 * as well.
	 */
	private <Q, R> CompletableFuture<R> call(MethodDescriptor<Q, R> method, Q request, CallPolicy policy) {
		CompletableFuture<R> answer = new CompletableFuture<>();
		withMembers((members) -> new MemberCall<>(members, this.loop, this::translate, this.factory.login(), method,
				request, policy, answer)
			.start(), answer::completeExceptionally);
		answer.whenComplete((result, failure) -> {
			this.reachability = this.reachability.after(failure);
			if (failure instanceof EtcdAccessException access && access.getKind() == Kind.UNREACHABLE) {
				this.loop.execute(this::lookUpAgain);
			}
		});
		return owed(answer);
	}

	/**
	 * Begin a watch. Never throws.
	 * @param request the range to watch
	 * @param onResponse receives each response, on gRPC's threads, which must not be
	 * blocked
	 * @param onEnd receives the reason when the watch has ended, unless it was closed
	 */
	WatchStream watch(WatchRequest request, Consumer<WatchResponse> onResponse, Consumer<EtcdAccessException> onEnd) {
		WatchStream stream = new WatchStream(this.loop, this::translate, request, onResponse, onEnd);
		withMembers((members) -> stream.start(members.first()), onEnd);
		if (this.state != State.OPEN) {
			onEnd.accept(isClosed());
		}
		return stream;
	}

	/**
	 * Run an action on the loop, as soon as the members are known.
	 */
	private void withMembers(Consumer<Members> action, Consumer<EtcdAccessException> failed) {
		this.loop.execute(() -> {
			try {
				if (this.state != State.OPEN) {
					throw isClosed();
				}
				Members members = this.members;
				if (members == null) {
					members = this.factory.endpoints().areLookedUp() ? null : open(this.factory.endpoints().members());
				}
				if (members != null) {
					action.accept(members);
				}
				else {
					lookUp(action, failed);
				}
			}
			catch (RuntimeException ex) {
				failed.accept(translate(ex));
			}
		});
	}

	private Members open(List<Endpoint> endpoints) {
		Members members = this.factory.members(endpoints, this.loop.nanoTime());
		this.members = members;
		return members;
	}

	/**
	 * Look the members up. All callers during a look-up share its result.
	 */
	private void lookUp(Consumer<Members> action, Consumer<EtcdAccessException> failed) {
		CompletableFuture<List<Endpoint>> lookup = this.lookup;
		if (lookup == null) {
			Endpoints endpoints = this.factory.endpoints();
			lookup = CompletableFuture.supplyAsync(endpoints::members, this.resolver);
			this.lookup = lookup;
		}
		lookup.whenComplete((endpoints, failure) -> this.loop.execute(() -> {
			this.lookup = null;
			if (failure == null && this.state == State.OPEN) {
				action.accept((this.members != null) ? this.members : open(endpoints));
			}
			else {
				failed.accept((failure != null) ? unknown(failure) : isClosed());
			}
		}));
	}

	private EtcdAccessException unknown(Throwable failure) {
		Throwable cause = (failure.getCause() != null) ? failure.getCause() : failure;
		return new EtcdAccessException(Kind.UNREACHABLE,
				"etcd can't be found at %s (%s)".formatted(this.factory.lastEndpoints(), cause.getMessage()), cause);
	}

	/**
	 * No member can be reached. DNS may name other members by now.
	 */
	private void lookUpAgain() {
		if (this.members != null && this.state == State.OPEN && this.factory.endpoints().areLookedUp()) {
			retire();
		}
	}

	EtcdAccessException translate(Throwable failure) {
		return EtcdFailures.translate(failure, this.factory.lastEndpoints());
	}

	/**
	 * The key in etcd, with the namespace.
	 */
	ByteString inNamespace(String key) {
		return this.factory.namespace().concat(ByteString.copyFromUtf8(key));
	}

	/**
	 * The key in this application, without the namespace.
	 */
	ByteString outOfNamespace(ByteString key) {
		return key.substring(this.factory.namespace().size());
	}

	/**
	 * The outcome of the last request that was answered or has failed.
	 * @return whether that request reached etcd
	 */
	public Reachability reachability() {
		return this.reachability;
	}

	/**
	 * Replace all channels, because the certificates were replaced. Nothing is lost:
	 * requests that are under way complete on the old channels, and each watch is told to
	 * begin anew before the old channels are closed.
	 */
	public void replaceChannels() {
		replaceChannels("certificates");
	}

	private void replaceChannels(String replaced) {
		this.loop.execute(() -> {
			if (retire()) {
				logger.info("The %s for etcd were replaced: going over to a fresh connection".formatted(replaced));
			}
		});
	}

	private boolean retire() {
		Members old = this.members;
		if (old == null) {
			return false;
		}
		this.members = null;
		this.former.add(old);
		this.watches.forEach(Runnable::run);
		this.loop.schedule(() -> {
			old.close();
			this.former.remove(old);
		}, this.requestTimeout);
		return true;
	}

	/**
	 * Add a listener for the replacement of the channels.
	 * @param watch begins anew on the next channel
	 * @return removes the listener
	 */
	Runnable onReplacement(Runnable watch) {
		// A new object, so that remove finds this one
		Runnable registered = watch::run;
		this.watches.add(registered);
		return () -> this.watches.remove(registered);
	}

	/**
	 * Accept requests again after {@link #stop()}. A closed connection stays closed.
	 */
	public synchronized void open() {
		if (this.state == State.STOPPED) {
			this.state = State.OPEN;
		}
	}

	/**
	 * Close all channels. Requests fail until {@link #open()} is called.
	 */
	public synchronized void stop() {
		if (this.state == State.OPEN) {
			this.state = State.STOPPED;
		}
		this.loop.execute(this::disconnect);
		this.owed.forEach((answer) -> answer.completeExceptionally(isClosed()));
	}

	private void disconnect() {
		if (this.members != null) {
			this.members.close();
			this.members = null;
		}
		this.former.forEach(Members::close);
		this.former.clear();
	}

	/**
	 * Close all channels and end the threads, for good. Requests fail from then on.
	 */
	@Override
	public synchronized void close() {
		if (this.state == State.CLOSED) {
			return;
		}
		this.state = State.CLOSED;
		this.unregistration.run();
		this.loop.execute(() -> {
			disconnect();
			this.loop.close();
		});
		this.resolver.close();
		this.converter.close();
		this.owed.forEach((answer) -> answer.completeExceptionally(isClosed()));
	}

	private static EtcdAccessException isClosed() {
		return new EtcdAccessException(Kind.CANCELLED, "the connection to etcd is closed", null);
	}

	private enum State {

		OPEN, STOPPED, CLOSED

	}

}
