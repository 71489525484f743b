package io.github.etcddiscovery.registry;

import io.github.etcddiscovery.core.EtcdAccessException;

/**
 * The application could not be registered and {@code fail-fast} is on.
 */
public class RegistrationFailedException extends RuntimeException {

	private final EtcdAccessException failure;

	/**
	 * Create an exception.
	 * @param key the key of the registration
	 * @param failure why registering failed
	 */
	public RegistrationFailedException(String key, EtcdAccessException failure) {
		super("'%s' could not be registered: %s".formatted(key, failure.getMessage()), failure);
		this.failure = failure;
	}

	/**
	 * Why registering failed.
	 * @return the failure
	 */
	public EtcdAccessException getFailure() {
		return this.failure;
	}

}
