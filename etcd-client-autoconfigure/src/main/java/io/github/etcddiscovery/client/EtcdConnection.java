package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
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
 * use. A member that is of no use is passed by, and one that is needed again is connected
 * to at once, however long it was away. What is asked again, and when, says
 * {@link MemberCall}. Safe for use by any thread; its own thread does the work and is
 * never blocked.
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
	 * Its thread begins with the first look-up, if there is one.
	 */
	private final EventLoop resolver = new ThreadEventLoop("etcd-resolver");

	/**
	 * Of the loop.
	 */
	private final Set<Members> former = new HashSet<>();

	/**
	 * Of the loop.
	 */
	private @Nullable Members members;

	/**
	 * Of the loop.
	 */
	private @Nullable CompletableFuture<List<Endpoint>> lookup;

	private volatile State state = State.OPEN;

	private volatile Reachability reachability = Reachability.UNKNOWN;

	/**
	 * Create a connection; it connects with the first request.
	 * @param factory makes the channels
	 * @param requestTimeout how long any request may take
	 */
	public EtcdConnection(EtcdClientFactory factory, Duration requestTimeout) {
		this.factory = factory;
		this.requestTimeout = requestTimeout;
		this.writes = CallPolicy.of(requestTimeout);
		this.reads = this.writes.andHedged();
		this.unregistration = factory.onReplacement(() -> replaceChannels("connection details"));
	}

	/**
	 * Read something of etcd.
	 */
	<Q, R> CompletableFuture<R> read(MethodDescriptor<Q, R> method, Q request) {
		return call(method, request, this.reads);
	}

	/**
	 * Read what any member has by itself, whether or not it has a leader.
	 */
	<Q, R> CompletableFuture<R> readStale(MethodDescriptor<Q, R> method, Q request) {
		return call(method, request, this.reads.andLeaderless());
	}

	/**
	 * Ask each member by itself, for what it says of itself.
	 * @return an answer or a failure for each of them, within the timeout of a request
	 */
	<Q, R> CompletableFuture<Map<Endpoint, CompletableFuture<R>>> readEach(MethodDescriptor<Q, R> method, Q request) {
		CompletableFuture<Map<Endpoint, CompletableFuture<R>>> answers = new CompletableFuture<>();
		this.owed.add(answers);
		answers.whenComplete((result, failure) -> this.owed.remove(answers));
		withMembers((members) -> {
			Map<Endpoint, CompletableFuture<R>> each = new LinkedHashMap<>();
			members.all().forEach((member) -> each.put(member.endpoint(), ask(member, method, request)));
			answers.complete(each);
		}, answers::completeExceptionally);
		if (this.state != State.OPEN) {
			answers.completeExceptionally(isClosed());
		}
		return answers;
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
	 * Ask for something that changes etcd.
	 */
	<Q, R> CompletableFuture<R> write(MethodDescriptor<Q, R> method, Q request) {
		return call(method, request, this.writes);
	}

	/**
	 * Ask for something that a lease's life depends on.
	 * @param bound how long it may take, unless the timeout of a request is shorter
	 */
	<Q, R> CompletableFuture<R> renew(MethodDescriptor<Q, R> method, Q request, Duration bound) {
		return call(method, request,
				(bound.compareTo(this.requestTimeout) < 0) ? CallPolicy.of(bound).andHedged() : this.reads);
	}

	/**
	 * Never throws: what goes wrong before the request is made fails the future as well.
	 */
	private <Q, R> CompletableFuture<R> call(MethodDescriptor<Q, R> method, Q request, CallPolicy policy) {
		CompletableFuture<R> answer = new CompletableFuture<>();
		this.owed.add(answer);
		answer.whenComplete((result, failure) -> this.owed.remove(answer));
		withMembers((members) -> new MemberCall<>(members, this.loop, this::translate, this.factory.login(), method,
				request, policy, answer)
			.start(), answer::completeExceptionally);
		answer.whenComplete((result, failure) -> {
			this.reachability = this.reachability.after(failure);
			if (failure instanceof EtcdAccessException access && access.getKind() == Kind.UNREACHABLE) {
				this.loop.execute(this::lookUpAgain);
			}
		});
		if (this.state != State.OPEN) {
			answer.completeExceptionally(isClosed());
		}
		return answer;
	}

	/**
	 * Watch something. Never throws either.
	 * @param request what to watch
	 * @param onResponse is given what arrives, on gRPC's threads, which must not be held
	 * up
	 * @param onEnd is told why the watch has ended, unless it was closed
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
	 * Do something with the members on the loop, as soon as they are known.
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
	 * Once for all who ask meanwhile.
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
	 * No member can be reached: others may stand in the domain name system by now.
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
	 * The key as it stands in etcd.
	 */
	ByteString inNamespace(String key) {
		return this.factory.namespace().concat(ByteString.copyFromUtf8(key));
	}

	/**
	 * The key as it is known here.
	 */
	ByteString outOfNamespace(ByteString key) {
		return key.substring(this.factory.namespace().size());
	}

	/**
	 * How the last request went that was answered or given up.
	 * @return whether etcd was reached
	 */
	public Reachability reachability() {
		return this.reachability;
	}

	/**
	 * Go over to fresh connections, because the certificates were replaced. Nothing is
	 * lost: requests that are under way end on the old ones, and each watch is told to
	 * begin anew before those are closed.
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
	 * Be told when the connection is renewed.
	 * @param watch begins anew
	 * @return to be told no longer
	 */
	Runnable onReplacement(Runnable watch) {
		// Of its own, so that it can be taken out again
		Runnable registered = watch::run;
		this.watches.add(registered);
		return () -> this.watches.remove(registered);
	}

	/**
	 * Let requests through again after the connection was stopped. One that was closed
	 * stays closed.
	 */
	public synchronized void open() {
		if (this.state == State.STOPPED) {
			this.state = State.OPEN;
		}
	}

	/**
	 * Close what is open. Requests fail until the connection is opened again.
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
	 * Close what is open, for good.
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
		this.owed.forEach((answer) -> answer.completeExceptionally(isClosed()));
	}

	private static EtcdAccessException isClosed() {
		return new EtcdAccessException(Kind.CANCELLED, "the connection to etcd is closed", null);
	}

	private enum State {

		OPEN, STOPPED, CLOSED

	}

}
