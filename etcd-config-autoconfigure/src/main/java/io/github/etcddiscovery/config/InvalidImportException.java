package io.github.etcddiscovery.config;

/**
 * An import is not valid.
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
