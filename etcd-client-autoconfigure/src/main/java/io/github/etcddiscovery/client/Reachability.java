package io.github.etcddiscovery.client;

import io.github.etcddiscovery.core.EtcdAccessException;
import org.jspecify.annotations.Nullable;

/**
 * Whether etcd was reached when something was asked of it last.
 *
 * @param state whether it was
 * @param reason why it was not; {@code null} otherwise
 */
public record Reachability(State state, @Nullable String reason) {

	static final Reachability UNKNOWN = new Reachability(State.UNKNOWN, null);

	static final Reachability REACHABLE = new Reachability(State.REACHABLE, null);

	/**
	 * What a request says that was answered or has failed.
	 */
	Reachability after(@Nullable Throwable failure) {
		if (!(failure instanceof EtcdAccessException access)) {
			return REACHABLE;
		}
		return switch (access.getKind()) {
			case UNREACHABLE, UNTRUSTED, TIMED_OUT, NO_LEADER, LEARNER, UNAUTHENTICATED ->
				new Reachability(State.UNREACHABLE, access.getMessage());
			case CANCELLED -> this;
			default -> REACHABLE;
		};
	}

	/**
	 * Whether etcd was reached.
	 */
	public enum State {

		/**
		 * Nothing was asked yet.
		 */
		UNKNOWN,

		/**
		 * A member answered, be it that a key may not be read.
		 */
		REACHABLE,

		/**
		 * No member answered in time, or none of use: without a leader, or one that does
		 * not let this application in.
		 */
		UNREACHABLE

	}

}
