package io.github.etcddiscovery.probe;

import java.util.concurrent.CompletableFuture;

/**
 * Finds out whether a process listens at an address.
 */
@FunctionalInterface
public interface AddressProbe {

	/**
	 * Try to connect, in bounded time.
	 * @param host a host name or an IP address
	 * @param port the port
	 * @return the outcome; the future never fails
	 */
	CompletableFuture<Answer> ask(String host, int port);

	/**
	 * The outcome of an attempt to connect.
	 */
	enum Answer {

		/**
		 * The connection was accepted: a process listens.
		 */
		ACCEPTED,

		/**
		 * The connection was refused: the host is up, but no process listens.
		 */
		REFUSED,

		/**
		 * The probe was inconclusive: no answer came in time, the host can't be reached
		 * or resolved, or the queue of the probe was full.
		 */
		UNKNOWN

	}

}
