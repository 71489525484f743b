package io.github.etcddiscovery.config;

/**
 * An import can't be understood.
 */
class InvalidImportException extends RuntimeException {

	private final String location;

	InvalidImportException(String location, String problem) {
		super(problem);
		this.location = location;
	}

	String getLocation() {
		return this.location;
	}

}
