package io.github.etcddiscovery.console;

/**
 * An event of an instance. Immutable.
 *
 * @param number the number of the event; an event that is updated keeps its number
 * @param time when the event was seen, in milliseconds since the epoch
 * @param service the name of the service
 * @param instance the id of the instance
 * @param kind the kind of the event
 * @param text a description with the cause, for people to read
 * @param up by how much the number of UP instances of the service has grown
 */
record ConsoleEvent(long number, long time, String service, String instance, Kind kind, String text, int up) {

	ConsoleEvent because(String reason) {
		return new ConsoleEvent(this.number, this.time, this.service, this.instance, this.kind, reason, this.up);
	}

	enum Kind {

		/** The instance is new. */
		CAME,

		/** The status, address or metadata of the instance has changed. */
		CHANGED,

		/** The key of the instance is gone, and the instance is held. */
		HELD,

		/** The instance said goodbye and is gone. */
		LEFT,

		/** The instance is gone without a goodbye. */
		VANISHED

	}

}
