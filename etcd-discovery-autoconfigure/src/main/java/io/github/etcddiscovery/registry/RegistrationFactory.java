package io.github.etcddiscovery.registry;

import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

import io.github.etcddiscovery.core.EscapedText;
import io.github.etcddiscovery.instance.Addresses;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceKey;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.instance.InvalidInstanceException;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * Makes the instance that this application registers, from its properties and its
 * machine.
 */
public final class RegistrationFactory {

	private static final String PREFIX = "spring.cloud.etcd.discovery.";

	private static final String SERVICE_NAME = PREFIX + "service-name";

	private final EtcdRegistrationProperties properties;

	private final @Nullable String applicationName;

	private final FoundHost found;

	private final ApplicationPaths paths;

	/**
	 * Create a factory.
	 * @param properties how the application registers itself
	 * @param applicationName the value of {@code spring.application.name}, if it is set
	 * @param found the machine's name and address
	 * @param paths the paths of the application's pages and of its actuator
	 */
	public RegistrationFactory(EtcdRegistrationProperties properties, @Nullable String applicationName, FoundHost found,
			ApplicationPaths paths) {
		this.properties = properties;
		this.applicationName = applicationName;
		this.found = found;
		this.paths = paths;
	}

	/**
	 * Make the instance. A configured port belongs to something else, such as a proxy or
	 * the host of a container, so the address that the web server is bound to is then
	 * ignored.
	 * @param servers the servers of the application
	 * @return the instance, with its initial status
	 * @throws InvalidConfigurationPropertyValueException if a property has a value that
	 * can't be registered; names the property
	 */
	public EtcdServiceInstance create(LocalServers servers) {
		int configured = Objects.requireNonNullElse(this.properties.port(), 0);
		boolean mapped = configured != 0;
		int port = mapped ? configured : servers.web().port();
		String told = host(mapped ? null : servers.web().address());
		String host = (told != null) ? told : foundHost();
		if (told == null && port != 0) {
			this.found.warnUnlessForOthers(host);
		}
		boolean secure = this.properties.usesHttps(servers.web().secure());
		Map<String, String> metadata = metadata(this.properties.metadata(), "metadata");
		putIfSet(metadata, "zone", this.properties.zone());
		putIfSet(metadata, "weight", this.properties.weight());
		new ReadersHints(this.paths, servers).addTo(metadata, secure, host, managementHost(servers.management()));
		return new EtcdServiceInstance(serviceName(), id(port), host, port, secure, this.properties.initialStatus(),
				metadata);
	}

	/**
	 * Make the instance of the management port. It has metadata of its own, since the
	 * application's metadata does not apply to its actuator.
	 * @param application the application's own instance
	 * @param server the management server
	 * @return the instance, with the status {@code UP}
	 * @throws InvalidConfigurationPropertyValueException if a property has a value that
	 * can't be registered; names the property
	 */
	public EtcdServiceInstance management(EtcdServiceInstance application, LocalServer server) {
		Map<String, String> metadata = metadata(this.properties.managementMetadata(), "management-metadata");
		metadata.put(EtcdServiceInstance.MANAGEMENT_OF, application.getServiceId());
		return new EtcdServiceInstance(application.getServiceId() + InstanceKey.MANAGEMENT_SUFFIX,
				application.getInstanceId() + InstanceKey.MANAGEMENT_SUFFIX, managementHost(server), server.port(),
				server.secure(), InstanceStatus.UP, metadata);
	}

	private String serviceName() {
		String configured = this.properties.serviceName();
		String name = (configured != null) ? configured : this.applicationName;
		if (name == null || name.isBlank()) {
			throw new InvalidConfigurationPropertyValueException(SERVICE_NAME, name,
					"Without it, 'spring.application.name' must be set: it is the name that this application "
							+ "registers under. If it need not be found by others, set "
							+ "'spring.cloud.etcd.discovery.register' to false");
		}
		check((configured != null) ? SERVICE_NAME : "spring.application.name", name,
				() -> RegistrableInstance.requireServiceName(name));
		return name;
	}

	private String id(int port) {
		String id = this.properties.instanceId();
		if (id == null) {
			return defaultId(port);
		}
		check(PREFIX + "instance-id", id, () -> RegistrableInstance.requireInstanceId(id));
		return id;
	}

	/**
	 * The default id: the same after a restart on the same host and port, different on
	 * each host, and safe in a cookie.
	 */
	private String defaultId(int port) {
		String name = this.properties.hostname();
		if (name == null) {
			name = this.found.name().equals(FoundHost.NO_HOST_NAME) ? this.found.address() : this.found.name();
		}
		return (name + "-" + port).replaceAll("[^A-Za-z0-9._~-]", "-");
	}

	private String managementHost(LocalServer server) {
		String told = host(server.address());
		return (told != null) ? told : foundHost();
	}

	private String foundHost() {
		return this.properties.preferIpAddress() ? this.found.address() : this.found.callableName();
	}

	/**
	 * The host that the properties specify, or {@code null}.
	 */
	private @Nullable String host(@Nullable InetAddress listening) {
		checkHost("hostname", this.properties.hostname(), !this.properties.preferIpAddress());
		checkHost("ip-address", this.properties.ipAddress(), this.properties.preferIpAddress());
		if (this.properties.preferIpAddress()) {
			return (this.properties.ipAddress() != null) ? this.properties.ipAddress() : address(listening);
		}
		return this.properties.hostname();
	}

	private static void checkHost(String property, @Nullable String value, boolean called) {
		if (value != null) {
			check(PREFIX + property, value, () -> {
				Addresses.requireHost(value);
				if (called) {
					RegistrableInstance.requireHost(value);
				}
			});
		}
	}

	/**
	 * The bound address, unless it is link-local: such an address is of no use without
	 * the network interface, whose name differs from machine to machine.
	 */
	private static @Nullable String address(@Nullable InetAddress listening) {
		if (listening == null || listening.isAnyLocalAddress() || listening.isLinkLocalAddress()) {
			return null;
		}
		String address = listening.getHostAddress();
		int scope = address.indexOf('%');
		return (scope < 0) ? address : address.substring(0, scope);
	}

	private static Map<String, String> metadata(Map<String, String> configured, String property) {
		check(PREFIX + property, "%d entries".formatted(configured.size()),
				() -> RegistrableInstance.requireMetadataCount(configured));
		configured.forEach((name, value) -> check(PREFIX + property + "." + name, value,
				() -> RegistrableInstance.requireMetadata(name, value)));
		return new LinkedHashMap<>(configured);
	}

	private static void putIfSet(Map<String, String> metadata, String key, @Nullable Object value) {
		if (value != null) {
			metadata.put(key, value.toString());
		}
	}

	private static void check(String property, String value, Runnable check) {
		try {
			check.run();
		}
		catch (InvalidInstanceException ex) {
			throw new InvalidConfigurationPropertyValueException(property, EscapedText.of(value), ex.getMessage());
		}
	}

}
