package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

import io.github.etcddiscovery.client.Member.Standing;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.EventLoop;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * One request, including its retries on this or another member. All retries of requests
 * are decided here:
 * <ul>
 * <li>A member that can't be reached, has no leader, is a learner or did not answer in
 * time is passed by. The next member is asked at once, and each member is asked once.
 * <li>A member that has not connected within the policy's patience is passed by as well.
 * The request was not sent, so this holds for reads and writes.
 * <li>When a connected member has not answered a hedged request within the patience, the
 * next member is asked in addition. The first answer counts.
 * <li>When there is no other member, the only one is asked once more over a new channel,
 * if the first channel broke or fell silent.
 * <li>A member that refuses the token is asked once more with a new token.
 * </ul>
 * The policy's deadline covers all of that. A request may reach etcd twice, so it must be
 * idempotent. Confined to the loop.
 *
 * @param <Q> the type of the request
 * @param <R> the type of the answer
 */
final class MemberCall<Q, R> {

	private final Members members;

	private final EventLoop loop;

	private final Function<Throwable, EtcdAccessException> translation;

	private final LoginInterceptor login;

	private final MethodDescriptor<Q, R> method;

	private final Q request;

	private final CallPolicy policy;

	private final CompletableFuture<R> answer;

	private final long deadline;

	private final Set<Member> tried = new HashSet<>();

	private final List<Attempt> underWay = new ArrayList<>();

	private boolean repeated;

	private boolean loggedInAgain;

	MemberCall(Members members, EventLoop loop, Function<Throwable, EtcdAccessException> translation,
			LoginInterceptor login, MethodDescriptor<Q, R> method, Q request, CallPolicy policy,
			CompletableFuture<R> answer) {
		this.members = members;
		this.loop = loop;
		this.translation = translation;
		this.login = login;
		this.method = method;
		this.request = request;
		this.policy = policy;
		this.answer = answer;
		this.deadline = loop.nanoTime() + policy.timeout().toNanos();
	}

	/**
	 * Ask the first member.
	 */
	void start() {
		ask(this.members.first());
	}

	private void ask(Member member) {
		this.loop.assertInLoop();
		if (this.answer.isDone()) {
			return;
		}
		this.tried.add(member);
		Attempt attempt = new Attempt(member);
		this.underWay.add(attempt);
		attempt.start();
	}

	/**
	 * Ask another member, or the same one over a new channel.
	 * @return whether a member was asked
	 */
	private boolean askNext(Member last, boolean repeatable) {
		if (this.deadline - this.loop.nanoTime() <= 0) {
			return false;
		}
		Member next = this.members.next(this.tried);
		if (next == null && repeatable && this.tried.size() == 1 && !this.repeated) {
			this.repeated = true;
			next = last;
		}
		if (next != null) {
			ask(next);
		}
		return next != null;
	}

	private void succeed(Attempt attempt, R result) {
		this.members.answered(attempt.member);
		this.underWay.remove(attempt);
		this.answer.complete(result);
		end();
	}

	private void fail(Attempt attempt, EtcdAccessException failure) {
		this.underWay.remove(attempt);
		if (EtcdFailures.isTokenRefused(failure) && !this.loggedInAgain) {
			this.loggedInAgain = true;
			ask(attempt.member);
			return;
		}
		Standing standing = Standing.after(failure.getKind());
		if (standing == null) {
			this.answer.completeExceptionally(failure);
			end();
			return;
		}
		attempt.passBy(standing);
		if (!askNext(attempt.member, failure.getKind() == Kind.UNREACHABLE) && this.underWay.isEmpty()) {
			this.answer.completeExceptionally(failure);
		}
	}

	private void end() {
		this.underWay.forEach(Attempt::cancel);
		this.underWay.clear();
	}

	/**
	 * The request to one member.
	 */
	private final class Attempt extends ClientCall.Listener<R> {

		private final Member member;

		private final ManagedChannel channel;

		private final long startedAt;

		private @Nullable ClientCall<Q, R> call;

		private @Nullable Future<?> patience;

		private volatile @Nullable R result;

		Attempt(Member member) {
			this.member = member;
			this.channel = member.channel();
			this.startedAt = MemberCall.this.loop.nanoTime();
		}

		void start() {
			long left = MemberCall.this.deadline - this.startedAt;
			CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(left, TimeUnit.NANOSECONDS)
				.withOption(LeaderInterceptor.LEADERLESS, MemberCall.this.policy.leaderless());

			ClientCall<Q, R> call = this.channel.newCall(MemberCall.this.method, options);
			this.call = call;
			call.start(this, new Metadata());
			call.request(2);
			call.sendMessage(MemberCall.this.request);
			if (isUnary()) {
				call.halfClose();
			}
			awaitPatiently();
		}

		/**
		 * Whether the method is unary. A renewal uses a stream, which is closed only
		 * after the answer: etcd's proxy takes an earlier end for a cancelled call.
		 */
		private boolean isUnary() {
			return MemberCall.this.method.getType() == MethodType.UNARY;
		}

		private void awaitPatiently() {
			Duration patience = MemberCall.this.policy.patience();
			this.patience = MemberCall.this.loop.schedule(this::outOfPatience, patience);
		}

		private void outOfPatience() {
			if (!MemberCall.this.underWay.contains(this)) {
				return;
			}
			if (MemberCall.this.login.isUnderWay()) {
				awaitPatiently();
			}
			else if (this.channel.getState(false) != ConnectivityState.READY) {
				if (askNext(this.member, false)) {
					cancel();
					MemberCall.this.underWay.remove(this);
					this.member.passBy(Standing.UNREACHABLE, MemberCall.this.loop.nanoTime());
				}
			}
			else if (MemberCall.this.policy.hedged()) {
				boolean silent = !this.member.heardSince(this.startedAt);
				passBy(Standing.SILENT);
				askNext(this.member, silent);
			}
		}

		/**
		 * Pass the member by. A member that is merely slow keeps its channel.
		 */
		private void passBy(Standing standing) {
			long now = MemberCall.this.loop.nanoTime();
			if (standing == Standing.SILENT && !this.member.heardSince(this.startedAt)) {
				this.member.silent(this.channel, now);
			}
			else {
				this.member.passBy(standing, now);
			}
		}

		@Override
		public void onHeaders(Metadata headers) {
			this.member.heard(MemberCall.this.loop.nanoTime());
		}

		@Override
		public void onMessage(R message) {
			this.member.heard(MemberCall.this.loop.nanoTime());
			this.result = message;
			if (!isUnary()) {
				endStream(message);
			}
		}

		private void endStream(R message) {
			MemberCall.this.loop.execute(() -> {
				stopWaiting();
				// An attempt that is not under way has been cancelled, and can't be
				// closed
				if (this.call != null && MemberCall.this.underWay.contains(this)) {
					this.call.halfClose();
					succeed(this, message);
				}
			});
		}

		@Override
		public void onClose(Status status, Metadata trailers) {
			R result = this.result;
			MemberCall.this.loop.execute(() -> {
				stopWaiting();
				if (!MemberCall.this.underWay.contains(this)) {
					return;
				}
				if (status.isOk() && result != null) {
					succeed(this, result);
				}
				else {
					Status failed = status.isOk() ? Status.UNKNOWN.withDescription("etcd gave no answer") : status;
					fail(this, MemberCall.this.translation.apply(failed.asRuntimeException(trailers)));
				}
			});
		}

		private void stopWaiting() {
			if (this.patience != null) {
				this.patience.cancel(false);
			}
		}

		void cancel() {
			stopWaiting();
			if (this.call != null) {
				this.call.cancel("it is not needed any more", null);
			}
		}

	}

}
