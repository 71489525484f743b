package io.github.etcddiscovery.config;

import java.util.function.Supplier;

/**
 * The present values of configuration properties. Each revision that changes them creates
 * a new object. So the result of a call of {@link #get} belongs to one revision and never
 * changes: call it once for each piece of work. Can be injected for any class annotated
 * with {@code @ConfigurationProperties}, whether or not it is a bean. Safe for use by any
 * thread.
 *
 * @param <T> the type of the properties, preferably a record
 */
public interface Live<T> extends Supplier<T> {

	/**
	 * The present values.
	 * @return the properties, bound and validated
	 */
	@Override
	T get();

}
