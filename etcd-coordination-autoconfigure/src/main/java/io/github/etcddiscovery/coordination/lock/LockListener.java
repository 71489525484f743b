package io.github.etcddiscovery.coordination.lock;

import java.time.Duration;

/**
 * Is called when a lock is acquired, released or lost, on any thread. It must neither
 * block nor throw.
 */
public interface LockListener {

	/**
	 * A lock was acquired.
	 * @param token its token
	 * @param waited how long acquiring it took
	 */
	default void acquired(LockToken token, Duration waited) {
	}

	/**
	 * A lock was released or lost.
	 * @param token its token
	 * @param held how long it was held
	 */
	default void released(LockToken token, Duration held) {
	}

	/**
	 * A lock was lost while it was held.
	 * @param token its token
	 * @param reason why, for people to read
	 */
	default void lost(LockToken token, String reason) {
	}

}
