package io.github.etcddiscovery.config;

import org.jspecify.annotations.Nullable;

/**
 * What stands in etcd can't be used. The message is a sentence that names the key and
 * never a value.
 */
class InvalidConfigException extends RuntimeException {

	private final String advice;

	InvalidConfigException(String message, String advice, @Nullable Throwable cause) {
		super(message, cause);
		this.advice = advice;
	}

	/**
	 * What a person can do about it.
	 */
	String getAdvice() {
		return this.advice;
	}

}
