package io.github.etcddiscovery.instance;

import java.util.Locale;

import io.github.etcddiscovery.core.EscapedText;

/**
 * The status of an instance, which decides whether it is called. The names are those of
 * other Spring Cloud registries and of the {@code serviceregistry} endpoint.
 */
public enum InstanceStatus {

	/**
	 * The instance takes requests. Load balancing uses only this status.
	 */
	UP,

	/**
	 * The instance can't take requests.
	 */
	DOWN,

	/**
	 * A person or the application has decided that the instance is not called.
	 */
	OUT_OF_SERVICE,

	/**
	 * The instance is starting.
	 */
	STARTING,

	/**
	 * The status is unknown.
	 */
	UNKNOWN;

	/**
	 * Parse a status.
	 * @param text the name, in any case
	 * @return the status
	 * @throws IllegalArgumentException if there is no such status; the message lists the
	 * valid ones
	 */
	public static InstanceStatus of(String text) {
		String name = text.strip().toUpperCase(Locale.ROOT).replace('-', '_');
		for (InstanceStatus status : values()) {
			if (status.name().equals(name)) {
				return status;
			}
		}
		throw new IllegalArgumentException("There is no status '%s'. Use UP, DOWN, OUT_OF_SERVICE, STARTING or UNKNOWN"
			.formatted(EscapedText.of(text)));
	}

}
