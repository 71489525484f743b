package io.github.etcddiscovery.config;

/**
 * A revision of the configuration can't be used by this application. The message never
 * contains a value.
 */
class RejectedException extends RuntimeException {

	RejectedException(String message, Throwable cause) {
		super(message, cause);
	}

}
