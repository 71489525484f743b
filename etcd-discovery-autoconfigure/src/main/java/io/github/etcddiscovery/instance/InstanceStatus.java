package io.github.etcddiscovery.instance;

import java.util.Locale;

import io.github.etcddiscovery.core.EscapedText;

/**
 * Whether an instance wants to be called. The names are those that Spring Cloud's
 * registries share and that the {@code serviceregistry} endpoint takes.
 */
public enum InstanceStatus {

	/**
	 * Takes requests; the only status that load balancing hands out.
	 */
	UP,

	/**
	 * Cannot take requests.
	 */
	DOWN,

	/**
	 * Is not to be called now, by decision of a person or of the application.
	 */
	OUT_OF_SERVICE,

	/**
	 * Is starting.
	 */
	STARTING,

	/**
	 * Nothing is known.
	 */
	UNKNOWN;

	/**
	 * Read a status as a person writes it.
	 * @param text the name, in any case
	 * @return the status
	 * @throws IllegalArgumentException if there is no such status; the message lists
	 * those there are
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
