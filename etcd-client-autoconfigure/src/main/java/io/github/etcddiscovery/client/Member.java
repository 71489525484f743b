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
 * One member of etcd: its channel and its standing. Confined to the loop of the
 * connection, except for {@link #heard(long)}.
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
	 * The channel for the next call. A channel that failed to connect is replaced: gRPC
	 * would wait up to two minutes before it reconnects, while a new channel connects at
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
	 * Retire the current channel. The next call gets a new one, and calls that are under
	 * way complete on the old one.
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
	 * Close all channels, which ends all calls.
	 */
	void close() {
		retire();
		this.retired.forEach(ManagedChannel::shutdownNow);
		this.retired.clear();
	}

	/**
	 * A message arrived from the member. From any thread.
	 * @param now the current time
	 */
	void heard(long now) {
		this.heardAt = now;
	}

	/**
	 * Whether a message has arrived from the member since a given time.
	 */
	boolean heardSince(long then) {
		return this.heardAt - then >= 0;
	}

	/**
	 * The member has answered a request.
	 */
	void good() {
		become(Standing.GOOD);
	}

	/**
	 * Prefer other members to this one from now on.
	 * @param why the new standing
	 * @param now the current time
	 */
	void passBy(Standing why, long now) {
		become(why);
		this.passedByAt = now;
	}

	/**
	 * The member has fallen silent on a channel, although gRPC considers it connected.
	 * @param silent the channel
	 * @param now the current time
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
	 * Whether there is no reason to prefer another member.
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
	 * What the last call has shown about a member.
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
