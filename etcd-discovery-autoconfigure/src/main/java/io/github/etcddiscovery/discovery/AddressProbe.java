package io.github.etcddiscovery.discovery;

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
	 * @return {@code true} only if the connection was refused: the host is there and the
	 * process is not. Never fails.
	 */
	CompletableFuture<Boolean> isRefused(String host, int port);

}
