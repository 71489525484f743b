package io.github.etcddiscovery.coordination.lock;

import java.util.ConcurrentModificationException;

/**
 * A lock was lost while it was held, so another process may have held it at the same
 * time.
 */
public class LockLostException extends ConcurrentModificationException {

	private final String name;

	/**
	 * Create an exception.
	 * @param name the name of the lock
	 * @param reason why it was lost
	 */
	public LockLostException(String name, String reason) {
		super("Lock '%s' was lost while it was held: %s".formatted(name, reason));
		this.name = name;
	}

	/**
	 * The name of the lock.
	 * @return the name
	 */
	public String getName() {
		return this.name;
	}

}
