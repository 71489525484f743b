package io.github.etcddiscovery.probe;

import java.util.concurrent.CompletableFuture;

/**
 * Finds out whether somebody listens at an address.
 */
@FunctionalInterface
public interface AddressProbe {

	/**
	 * Try to connect, in bounded time.
	 * @param host the host
	 * @param port the port
	 * @return what became of it. Never fails.
	 */
	CompletableFuture<Answer> ask(String host, int port);

	/**
	 * What became of an attempt to connect.
	 */
	enum Answer {

		/**
		 * Somebody listens.
		 */
		ACCEPTED,

		/**
		 * The host is there and the process is not.
		 */
		REFUSED,

		/**
		 * Nothing can be said: no answer came in time, the host can't be reached or is
		 * not known, or there was no room for the attempt.
		 */
		UNKNOWN

	}

}
