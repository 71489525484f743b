package io.github.etcddiscovery.registry;

import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * Adds metadata for readers such as Spring Boot Admin, where their own assumptions about
 * an application would be wrong. Metadata that the application sets itself takes
 * precedence.
 */
record ReadersHints(ApplicationPaths paths, LocalServers servers) {

	private static final String GUESSED_ACTUATOR = "/actuator";

	void addTo(Map<String, String> metadata, boolean secure, String host, String managementHost) {
		if (this.servers.web().port() == 0) {
			// The registered port is then another server's, about which nothing is known
			return;
		}
		if (!this.paths.context().isEmpty()) {
			metadata.putIfAbsent("context-path", this.paths.context());
		}
		if (this.paths.actuator() == null) {
			return;
		}
		LocalServer management = this.servers.management();
		boolean ownPort = management.port() != 0;
		String actuator = ownPort ? this.paths.ownPortActuator() : this.paths.actuator();
		if (!GUESSED_ACTUATOR.equals(actuator)) {
			put(metadata, "management.context-path", (actuator == null || actuator.isEmpty()) ? "/" : actuator);
		}
		put(metadata, "health.path", this.paths.health());
		if (ownPort) {
			if (!metadata.containsKey("port.management")) {
				put(metadata, "management.port", Integer.toString(management.port()));
			}
			if (management.secure() != secure) {
				put(metadata, "management.scheme", management.secure() ? "https" : "http");
			}
			if (!managementHost.equals(host)) {
				put(metadata, "management.address", managementHost);
			}
		}
	}

	/**
	 * Put a value unless the application has set it, in either spelling that is in use.
	 */
	private static void put(Map<String, String> metadata, String name, @Nullable String value) {
		if (value != null && !metadata.containsKey(name.replace('.', '-'))) {
			metadata.putIfAbsent(name, value);
		}
	}

}
