package io.github.etcddiscovery.config;

/**
 * An import from etcd could not be loaded.
 */
class EtcdConfigLoadException extends RuntimeException {

	private final String location;

	EtcdConfigLoadException(String location, RuntimeException cause) {
		super("The import '%s' could not be loaded: %s".formatted(location, cause.getMessage()), cause);
		this.location = location;
	}

	String getLocation() {
		return this.location;
	}

}
