package io.github.etcddiscovery.registry;

import io.github.etcddiscovery.core.EtcdAccessException;

/**
 * The application could not be registered and {@code fail-fast} is on.
 */
public class RegistrationFailedException extends RuntimeException {

	private final EtcdAccessException failure;

	/**
	 * Create an exception.
	 * @param key the key it was to stand under
	 * @param failure what went wrong
	 */
	public RegistrationFailedException(String key, EtcdAccessException failure) {
		super("'%s' could not be registered: %s".formatted(key, failure.getMessage()), failure);
		this.failure = failure;
	}

	/**
	 * What went wrong.
	 * @return the failure
	 */
	public EtcdAccessException getFailure() {
		return this.failure;
	}

}
