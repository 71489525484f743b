package io.github.etcddiscovery.registry;

import org.jspecify.annotations.Nullable;

/**
 * The paths of an application's pages and of its actuator. Each path begins with a slash
 * and does not end with one; the root is empty.
 *
 * @param context the context path of the application
 * @param actuator the path of the actuator's endpoints on the application's port;
 * {@code null} if there is no actuator
 * @param ownPortActuator the path of the actuator's endpoints on a separate management
 * port
 * @param health the path of the health endpoint below the actuator, if not {@code health}
 */
public record ApplicationPaths(String context, @Nullable String actuator, @Nullable String ownPortActuator,
		@Nullable String health) {

	/**
	 * The default paths, which readers assume.
	 */
	public static final ApplicationPaths NONE = new ApplicationPaths("", null, null, null);

}
