package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.MoreExecutors;
import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.AuthGrpc;
import io.etcd.jetcd.api.AuthenticateRequest;
import io.etcd.jetcd.api.AuthenticateResponse;
import io.etcd.jetcd.api.WatchResponse;
import io.github.etcddiscovery.core.EventLoop;
import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Logs in, and adds the token to every call. All clients of a factory share one token,
 * also across reconnections: however many calls etcd refuses because the token has
 * expired, there is one log-in. At most one log-in begins within a second, since etcd
 * checks passwords slowly on purpose; calls wait for it until their deadline. (jetcd
 * itself logs in again for every refused call, and not at all for lease renewals.) Safe
 * for use by any thread.
 */
final class LoginInterceptor implements ClientInterceptor {

	private static final Log logger = LogFactory.getLog(LoginInterceptor.class);

	private static final Metadata.Key<String> TOKEN = Metadata.Key.of("token", Metadata.ASCII_STRING_MARSHALLER);

	private static final Duration INTERVAL = Duration.ofSeconds(1);

	/**
	 * Stands for no token: there is no user, or authentication is disabled in etcd.
	 */
	private static final String NONE = "";

	private final EtcdConnectionDetails details;

	private final Duration timeout;

	private final EventLoop loop;

	private final Object lock = new Object();

	/**
	 * The current log-in, under way or done; {@code null} after a failure or when its
	 * token was refused.
	 */
	private @Nullable CompletableFuture<String> login;

	private @Nullable Long lastBegin;

	/**
	 * The user and password of the current log-in.
	 */
	private @Nullable String user;

	/**
	 * Whether the warning about disabled authentication was logged.
	 */
	private volatile boolean toldNotEnabled;

	/**
	 * Create an interceptor.
	 * @param details name the user and the password
	 * @param timeout how long a log-in may take
	 * @param loop delays log-ins that would follow too soon
	 */
	LoginInterceptor(EtcdConnectionDetails details, Duration timeout, EventLoop loop) {
		this.details = details;
		this.timeout = timeout;
		this.loop = loop;
	}

	@Override
	public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
		if (options.getCredentials() != null) {
			return next.newCall(method, options);
		}
		Token token = new Token(next);
		return new SimpleForwardingClientCall<>(next.newCall(method, options.withCallCredentials(token))) {

			@Override
			public void start(Listener<R> listener, Metadata headers) {
				super.start(observed(listener, token), headers);
			}

		};
	}

	private <R> ClientCall.Listener<R> observed(ClientCall.Listener<R> listener, Token token) {
		return new SimpleForwardingClientCallListener<>(listener) {

			@Override
			public void onMessage(R message) {
				if (message instanceof WatchResponse response && mayHaveRefusedToken(response)) {
					token.refused();
				}
				super.onMessage(message);
			}

			@Override
			public void onClose(Status status, Metadata trailers) {
				if (EtcdFailures.isUnauthenticated(status)) {
					token.refused();
				}
				super.onClose(status, trailers);
			}

		};
	}

	/**
	 * Whether a watch may have been refused because of its token. Older members answer
	 * "permission denied" when the token has expired.
	 */
	private static boolean mayHaveRefusedToken(WatchResponse response) {
		return response.getCanceled() && (response.getCancelReason().contains("permission denied")
				|| response.getCancelReason().contains("invalid auth token")
				|| response.getCancelReason().contains("user name is empty"));
	}

	/**
	 * Whether a log-in is under way, for which calls wait.
	 */
	boolean isUnderWay() {
		synchronized (this.lock) {
			return this.login != null && !this.login.isDone();
		}
	}

	/**
	 * Forget the token if the user or the password was replaced, so that the next call
	 * logs in.
	 */
	void refresh() {
		String user = user();
		synchronized (this.lock) {
			if (!user.equals(this.user)) {
				this.login = null;
			}
		}
	}

	/**
	 * The current user and password, for comparison.
	 */
	private String user() {
		return this.details.getUsername() + ":" + this.details.getPassword();
	}

	private CompletableFuture<String> token(Channel channel) {
		CompletableFuture<String> begun;
		long wait;
		synchronized (this.lock) {
			if (this.login != null) {
				return this.login;
			}
			begun = new CompletableFuture<>();
			this.login = begun;
			this.user = user();
			if (this.details.getUsername() == null) {
				begun.complete(NONE);
				return begun;
			}
			wait = nanosToWait();
		}
		if (wait > 0) {
			this.loop.schedule(() -> logIn(channel, begun), Duration.ofNanos(wait));
		}
		else {
			logIn(channel, begun);
		}
		return begun;
	}

	private long nanosToWait() {
		long now = this.loop.nanoTime();
		long wait = (this.lastBegin != null) ? Math.max(this.lastBegin + INTERVAL.toNanos() - now, 0) : 0;
		this.lastBegin = now + wait;
		return wait;
	}

	private void logIn(Channel channel, CompletableFuture<String> login) {
		try {
			AuthGrpc.AuthFutureStub etcd = AuthGrpc.newFutureStub(channel)
				.withDeadlineAfter(this.timeout.toNanos(), TimeUnit.NANOSECONDS);
			Futures.addCallback(etcd.authenticate(request()), new FutureCallback<>() {

				@Override
				public void onSuccess(AuthenticateResponse response) {
					LoginInterceptor.this.toldNotEnabled = false;
					login.complete(response.getToken());
				}

				@Override
				public void onFailure(Throwable failure) {
					if (EtcdFailures.isAuthenticationDisabled(failure)) {
						goOnWithout(login);
					}
					else {
						failed(login, failure);
					}
				}

			}, MoreExecutors.directExecutor());
		}
		catch (RuntimeException ex) {
			failed(login, ex);
		}
	}

	/**
	 * Send calls without a token, as other clients do, so that a user can be configured
	 * before authentication is enabled. Once etcd refuses a call, the next one logs in.
	 */
	private void goOnWithout(CompletableFuture<String> login) {
		if (!this.toldNotEnabled) {
			this.toldNotEnabled = true;
			logger.warn("etcd has authentication switched off, so 'spring.cloud.etcd.username' is not used. "
					+ "Everybody can change its keys");
		}
		login.complete(NONE);
	}

	/**
	 * The request to log in with the current user and password.
	 */
	private AuthenticateRequest request() {
		String username = this.details.getUsername();
		String password = this.details.getPassword();
		if (username == null || password == null) {
			throw Status.UNAUTHENTICATED.withDescription("there is no user any more").asRuntimeException();
		}
		return AuthenticateRequest.newBuilder()
			.setNameBytes(ByteString.copyFromUtf8(username))
			.setPasswordBytes(ByteString.copyFromUtf8(password))
			.build();
	}

	private void failed(CompletableFuture<String> login, Throwable failure) {
		Status.Code code = Status.fromThrowable(failure).getCode();
		boolean asked = code != Status.Code.UNAVAILABLE && code != Status.Code.CANCELLED;
		forget(login, asked);
		login.completeExceptionally(failure);
	}

	/**
	 * Forget a log-in. If it did not reach etcd, the next one may begin at once.
	 */
	private void forget(CompletableFuture<String> login, boolean asked) {
		synchronized (this.lock) {
			if (this.login == login) {
				this.login = null;
				this.lastBegin = asked ? this.lastBegin : null;
			}
		}
	}

	/**
	 * The status of a call for which there is no token. gRPC does not allow credentials
	 * to fail with the codes that etcd uses for a wrong password.
	 */
	private static Status statusOf(Throwable failure) {
		Status status = Status.fromThrowable(failure);
		return switch (status.getCode()) {
			case INVALID_ARGUMENT, FAILED_PRECONDITION ->
				Status.UNAUTHENTICATED.withDescription(status.getDescription());
			default -> status;
		};
	}

	/**
	 * The token of one call.
	 */
	private final class Token extends CallCredentials {

		private final Channel channel;

		private volatile @Nullable CompletableFuture<String> used;

		Token(Channel channel) {
			this.channel = channel;
		}

		@Override
		public void applyRequestMetadata(RequestInfo request, Executor executor, MetadataApplier applier) {
			CompletableFuture<String> login = token(this.channel);
			this.used = login;
			login.whenComplete((token, failure) -> {
				if (failure != null) {
					applier.fail(statusOf(failure));
				}
				else {
					Metadata headers = new Metadata();
					if (!token.isEmpty()) {
						headers.put(TOKEN, token);
					}
					applier.apply(headers);
				}
			});
		}

		/**
		 * etcd refused the token. Forgets only this token, not a newer one that another
		 * call has obtained since.
		 */
		void refused() {
			CompletableFuture<String> used = this.used;
			if (used != null && used.isDone()) {
				forget(used, true);
			}
		}

	}

}
