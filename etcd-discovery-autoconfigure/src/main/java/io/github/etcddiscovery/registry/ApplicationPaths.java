package io.github.etcddiscovery.registry;

import org.jspecify.annotations.Nullable;

/**
 * Where an application's pages and its actuator are. Each path begins with a slash and
 * does not end with one; the root is empty.
 *
 * @param context the application's own path
 * @param actuator the path of the actuator's endpoints on the application's port;
 * {@code null} if there is no actuator
 * @param ownPortActuator the same on a management port of its own
 * @param health what the health endpoint is called there, if not {@code health}
 */
public record ApplicationPaths(String context, @Nullable String actuator, @Nullable String ownPortActuator,
		@Nullable String health) {

	/**
	 * All is where a reader guesses it.
	 */
	public static final ApplicationPaths NONE = new ApplicationPaths("", null, null, null);

}
