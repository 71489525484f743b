package io.github.etcddiscovery.coordination.lock;

import java.time.Duration;

/**
 * Is told what becomes of locks, on any thread: it must neither block nor throw.
 */
public interface LockListener {

	/**
	 * A lock was acquired.
	 * @param token with which token
	 * @param waited how long that took
	 */
	default void acquired(LockToken token, Duration waited) {
	}

	/**
	 * A lock was released, or lost.
	 * @param token with which token
	 * @param held how long it was held
	 */
	default void released(LockToken token, Duration held) {
	}

	/**
	 * A lock was lost while it was held.
	 * @param token with which token
	 * @param reason why, for people
	 */
	default void lost(LockToken token, String reason) {
	}

}
