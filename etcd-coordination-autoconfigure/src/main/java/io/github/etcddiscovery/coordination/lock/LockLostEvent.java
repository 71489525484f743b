package io.github.etcddiscovery.coordination.lock;

import org.springframework.context.ApplicationEvent;

/**
 * A lock was lost while it was held: it could not be renewed in time, its time was over,
 * or somebody took it away in etcd.
 */
public class LockLostEvent extends ApplicationEvent {

	private final transient LockToken token;

	private final String reason;

	/**
	 * Create an event.
	 * @param token what was lost
	 * @param reason why, for people
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
	 * The token that it was held with.
	 * @return the token
	 */
	public LockToken getToken() {
		return this.token;
	}

	/**
	 * Why it was lost.
	 * @return a text for people
	 */
	public String getReason() {
		return this.reason;
	}

}
