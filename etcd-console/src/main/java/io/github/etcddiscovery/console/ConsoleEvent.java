package io.github.etcddiscovery.console;

/**
 * Something that happened to an instance. Immutable.
 *
 * @param number counts the events; one that is told again, since more is known of it,
 * keeps its number
 * @param time when it was seen, in milliseconds since the epoch
 * @param service the name of the service
 * @param instance the id of the instance
 * @param kind what happened
 * @param text what happened, and why, for people
 * @param up by how many the instances of the service that are up became more
 */
record ConsoleEvent(long number, long time, String service, String instance, Kind kind, String text, int up) {

	ConsoleEvent because(String reason) {
		return new ConsoleEvent(this.number, this.time, this.service, this.instance, this.kind, reason, this.up);
	}

	enum Kind {

		/** It is new. */
		CAME,

		/** Its status, address or metadata changed. */
		CHANGED,

		/** Its key is gone, and it is held. */
		HELD,

		/** It said goodbye and is gone. */
		LEFT,

		/** It is gone without a goodbye. */
		VANISHED

	}

}
