package io.github.etcddiscovery.config;

import org.jspecify.annotations.Nullable;

/**
 * The content of etcd can't be used. The message names the key and never contains a
 * value.
 */
class InvalidConfigException extends RuntimeException {

	private final String advice;

	InvalidConfigException(String message, String advice, @Nullable Throwable cause) {
		super(message, cause);
		this.advice = advice;
	}

	/**
	 * What to do about it.
	 */
	String getAdvice() {
		return this.advice;
	}

}
