package io.github.etcddiscovery.client;

import java.util.HashSet;
import java.util.Set;
import java.util.function.Function;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * One member of etcd: its channel, and what was last seen of it. Confined to the loop of
 * the connection, but for {@link #heard()}.
 */
final class Member {

	private static final Log logger = LogFactory.getLog(Member.class);

	private final Endpoint endpoint;

	private final Function<Endpoint, ManagedChannel> channels;

	private final Set<ManagedChannel> retired = new HashSet<>();

	private @Nullable ManagedChannel channel;

	private Standing standing = Standing.UNTRIED;

	private long passedByAt;

	private volatile long heardAt;

	Member(Endpoint endpoint, Function<Endpoint, ManagedChannel> channels, long now) {
		this.endpoint = endpoint;
		this.channels = channels;
		this.passedByAt = now;
		this.heardAt = now - 1;
	}

	/**
	 * The channel to make a call on. One that has failed to connect is not used again:
	 * gRPC would wait for up to two minutes before it connects, a fresh one does so at
	 * once.
	 */
	ManagedChannel channel() {
		ManagedChannel current = this.channel;
		if (current != null) {
			ConnectivityState state = current.getState(false);
			if (state == ConnectivityState.TRANSIENT_FAILURE || state == ConnectivityState.SHUTDOWN) {
				retire();
			}
		}
		if (this.channel == null) {
			this.channel = this.channels.apply(this.endpoint);
		}
		return this.channel;
	}

	/**
	 * Make the next call on a fresh channel; those that are under way end on the old one.
	 */
	void retire() {
		this.retired.removeIf(ManagedChannel::isTerminated);
		if (this.channel != null) {
			this.channel.shutdown();
			this.retired.add(this.channel);
			this.channel = null;
		}
	}

	/**
	 * End all calls.
	 */
	void close() {
		retire();
		this.retired.forEach(ManagedChannel::shutdownNow);
		this.retired.clear();
	}

	/**
	 * Something arrived from it. From any thread.
	 * @param now when
	 */
	void heard(long now) {
		this.heardAt = now;
	}

	/**
	 * Whether something has arrived from it since.
	 */
	boolean heardSince(long then) {
		return this.heardAt - then >= 0;
	}

	/**
	 * It has answered.
	 */
	void good() {
		become(Standing.GOOD);
	}

	/**
	 * It is of no use for now.
	 * @param why its new standing
	 * @param now when that was seen
	 */
	void passBy(Standing why, long now) {
		become(why);
		this.passedByAt = now;
	}

	/**
	 * Nothing is heard from it over this channel, though gRPC takes it for connected.
	 * @param silent the channel
	 * @param now when that was seen
	 */
	void silent(ManagedChannel silent, long now) {
		if (this.channel == silent && silent.getState(false) == ConnectivityState.READY) {
			retire();
		}
		passBy(Standing.SILENT, now);
	}

	private void become(Standing next) {
		if (this.standing != next) {
			if (logger.isDebugEnabled()) {
				logger.debug("etcd at %s: %s -> %s".formatted(this.endpoint, this.standing, next));
			}
			this.standing = next;
		}
	}

	Endpoint endpoint() {
		return this.endpoint;
	}

	/**
	 * Whether there is no reason to prefer another one.
	 */
	boolean isGood() {
		return this.standing == Standing.GOOD || this.standing == Standing.UNTRIED;
	}

	long passedByAt() {
		return this.passedByAt;
	}

	@Override
	public String toString() {
		return this.endpoint.toString();
	}

	/**
	 * What was last seen of a member.
	 */
	enum Standing {

		/** Nothing yet. */
		UNTRIED,

		/** An answer. */
		GOOD,

		/** Its connection could not be made, or broke. */
		UNREACHABLE,

		/** It did not answer, though it was connected. */
		SILENT,

		/** It has no leader. */
		NO_LEADER,

		/** It does not vote, so it answers almost nothing. */
		LEARNER;

		/**
		 * What a failure says of the member that it came from.
		 * @return the standing, or {@code null} if it says nothing against it
		 */
		static @Nullable Standing after(EtcdAccessException.Kind kind) {
			return switch (kind) {
				case UNREACHABLE, UNTRUSTED -> UNREACHABLE;
				case TIMED_OUT -> SILENT;
				case NO_LEADER -> NO_LEADER;
				case LEARNER -> LEARNER;
				default -> null;
			};
		}

	}

}
