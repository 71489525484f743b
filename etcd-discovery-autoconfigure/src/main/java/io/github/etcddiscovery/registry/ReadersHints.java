package io.github.etcddiscovery.registry;

import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * What readers of metadata, such as Spring Boot Admin, need to be told of an application
 * because they would guess it wrong; never over what the application says itself.
 */
record ReadersHints(ApplicationPaths paths, LocalServers servers) {

	private static final String GUESSED_ACTUATOR = "/actuator";

	void addTo(Map<String, String> metadata, boolean secure, String host, String managementHost) {
		if (this.servers.web().port() == 0) {
			// Whose port is registered then is not known, nor what is behind it
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
	 * Both ways of writing a name are in use.
	 */
	private static void put(Map<String, String> metadata, String name, @Nullable String value) {
		if (value != null && !metadata.containsKey(name.replace('.', '-'))) {
			metadata.putIfAbsent(name, value);
		}
	}

}
