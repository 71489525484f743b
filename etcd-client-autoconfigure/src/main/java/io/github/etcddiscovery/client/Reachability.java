package io.github.etcddiscovery.client;

import io.github.etcddiscovery.core.EtcdAccessException;
import org.jspecify.annotations.Nullable;

/**
 * Whether the last request reached etcd.
 *
 * @param state whether etcd was reached
 * @param reason why etcd was not reached; {@code null} otherwise
 */
public record Reachability(State state, @Nullable String reason) {

	static final Reachability UNKNOWN = new Reachability(State.UNKNOWN, null);

	static final Reachability REACHABLE = new Reachability(State.REACHABLE, null);

	/**
	 * The reachability after a request has completed.
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
		 * No request has completed yet.
		 */
		UNKNOWN,

		/**
		 * A member answered, even if only to deny a permission.
		 */
		REACHABLE,

		/**
		 * No member answered in time, or only members that have no leader or do not let
		 * this application in.
		 */
		UNREACHABLE

	}

}
