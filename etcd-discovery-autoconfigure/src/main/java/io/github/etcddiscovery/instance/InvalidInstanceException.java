package io.github.etcddiscovery.instance;

/**
 * A key or a value does not describe an instance. The message says why, with text from
 * outside escaped.
 */
public class InvalidInstanceException extends RuntimeException {

	/**
	 * Create an exception.
	 * @param message what is wrong, as the rest of a sentence
	 */
	public InvalidInstanceException(String message) {
		super(message, null, true, false);
	}

}
