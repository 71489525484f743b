package io.github.etcddiscovery.testing;

/**
 * A member could not listen because somebody else took one of its ports in the meantime.
 */
class PortTakenException extends IllegalStateException {

	PortTakenException(String message) {
		super(message);
	}

}
