package io.github.etcddiscovery.coordination.lock;

import org.springframework.context.ApplicationEvent;

/**
 * A lock was lost while it was held: its lease could not be renewed in time, its time to
 * live was over, or its key was deleted in etcd.
 */
public class LockLostEvent extends ApplicationEvent {

	private final transient LockToken token;

	private final String reason;

	/**
	 * Create an event.
	 * @param token the token of the lost lock
	 * @param reason why, for people to read
	 */
	public LockLostEvent(LockToken token, String reason) {
		super(token);
		this.token = token;
		this.reason = reason;
	}

	/**
	 * The name of the lock.
	 * @return the name
	 */
	public String getName() {
		return this.token.name();
	}

	/**
	 * The token of the lost lock.
	 * @return the token
	 */
	public LockToken getToken() {
		return this.token;
	}

	/**
	 * Why it was lost.
	 * @return a text for people to read
	 */
	public String getReason() {
		return this.reason;
	}

}
