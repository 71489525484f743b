package io.github.etcddiscovery.discovery;

/**
 * A subscription to the changes of a service. Safe for use by any thread.
 */
@FunctionalInterface
public interface Following extends AutoCloseable {

	/**
	 * Stop following the service. Closing twice has no effect.
	 */
	@Override
	void close();

}
