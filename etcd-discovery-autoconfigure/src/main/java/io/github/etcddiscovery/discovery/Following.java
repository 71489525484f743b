package io.github.etcddiscovery.discovery;

/**
 * That somebody follows a service. Safe for use by any thread.
 */
@FunctionalInterface
public interface Following extends AutoCloseable {

	/**
	 * Follow it no longer. Closing it again does no harm.
	 */
	@Override
	void close();

}
