package io.github.etcddiscovery.config;

import java.util.function.Supplier;

/**
 * Configuration properties as they are now. Each revision of the configuration that
 * changes them makes a new object, so what one call of {@link #get} returns is always of
 * one revision and never changes: take it once for each piece of work. To be injected for
 * any class annotated with {@code @ConfigurationProperties}, whether or not it is a bean.
 * Safe for use by any thread.
 *
 * @param <T> the type of the properties, a record best of all
 */
public interface Live<T> extends Supplier<T> {

	/**
	 * The properties as they are now.
	 * @return the properties, bound and validated
	 */
	@Override
	T get();

}
