package io.github.etcddiscovery.registry;

import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

import io.github.etcddiscovery.instance.Addresses;
import io.github.etcddiscovery.instance.EscapedText;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.instance.InvalidInstanceException;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.cloud.commons.util.InetUtils;

/**
 * Makes the instance that this application registers, from its properties and the machine
 * it runs on.
 */
public final class RegistrationFactory {

	private static final String SERVICE_NAME = "spring.cloud.etcd.discovery.service-name";

	private static final String INSTANCE_ID = "spring.cloud.etcd.discovery.instance-id";

	/**
	 * What {@link InetUtils} answers on every host whose name cannot be looked up.
	 */
	private static final String NO_HOST_NAME = "localhost";

	private final EtcdRegistrationProperties properties;

	private final String serviceName;

	private final InetUtils inetUtils;

	private final @Nullable InetAddress serverAddress;

	private final @Nullable InetAddress managementAddress;

	private InetUtils.@Nullable HostInfo hostInfo;

	/**
	 * Create a factory.
	 * @param properties how the application registers itself
	 * @param applicationName the application's name, if it has one
	 * @param inetUtils finds the host name and the address
	 * @param serverAddress the address that the web server listens on, if it is told one
	 * @param managementAddress the same of the management server
	 * @throws InvalidConfigurationPropertyValueException if there is no legal name or id
	 */
	public RegistrationFactory(EtcdRegistrationProperties properties, @Nullable String applicationName,
			InetUtils inetUtils, @Nullable InetAddress serverAddress, @Nullable InetAddress managementAddress) {
		this.properties = properties;
		this.inetUtils = inetUtils;
		this.serverAddress = serverAddress;
		this.managementAddress = managementAddress;
		this.serviceName = serviceName(properties.serviceName(), applicationName);
		if (properties.instanceId() != null) {
			check(INSTANCE_ID, properties.instanceId(),
					() -> RegistrableInstance.requireInstanceId(properties.instanceId()));
		}
		checkHost("hostname", properties.hostname());
		checkHost("ip-address", properties.ipAddress());
	}

	private static String serviceName(@Nullable String configured, @Nullable String applicationName) {
		boolean own = configured != null && !configured.isBlank();
		String name = own ? configured : applicationName;
		if (name == null || name.isBlank()) {
			throw new InvalidConfigurationPropertyValueException(SERVICE_NAME, name,
					"Without it, 'spring.application.name' must be set: it is the name that this application "
							+ "registers under. If it need not be found by others, set "
							+ "'spring.cloud.etcd.discovery.register' to false");
		}
		check(own ? SERVICE_NAME : "spring.application.name", name, () -> RegistrableInstance.requireServiceName(name));
		return name;
	}

	private static void checkHost(String property, @Nullable String value) {
		if (value != null) {
			check("spring.cloud.etcd.discovery." + property, value, () -> Addresses.requireHost(value));
		}
	}

	private static void check(String property, @Nullable String value, Runnable check) {
		try {
			check.run();
		}
		catch (InvalidInstanceException ex) {
			throw new InvalidConfigurationPropertyValueException(property, EscapedText.of(String.valueOf(value)),
					ex.getMessage());
		}
	}

	private int configuredPort() {
		return (this.properties.port() != null) ? this.properties.port() : 0;
	}

	/**
	 * Make the instance. A port that is configured is that of something else, such as a
	 * proxy or a container's host, so the address that the web server listens on says
	 * nothing of it.
	 * @param port the port of the web server, used if none is configured
	 * @return the instance, with the status {@code UP}
	 */
	public EtcdServiceInstance create(int port) {
		String id = this.properties.instanceId();
		return (configuredPort() != 0) ? create(this.serviceName, null, configuredPort(), id)
				: create(this.serviceName, this.serverAddress, port, id);
	}

	/**
	 * Make the instance of another port of this application.
	 * @param suffix what is added to the service's name, and to a configured instance id
	 * @param port the port
	 * @return the instance, with the status {@code UP}
	 */
	public EtcdServiceInstance create(String suffix, int port) {
		String id = this.properties.instanceId();
		return create(this.serviceName + suffix, this.managementAddress, port, (id != null) ? id + suffix : null);
	}

	private EtcdServiceInstance create(String name, @Nullable InetAddress listening, int port,
			@Nullable String configuredId) {
		String id = (configuredId != null) ? configuredId : defaultId(port);
		return new EtcdServiceInstance(name, id, host(listening), port, this.properties.usesHttps(), InstanceStatus.UP,
				metadata());
	}

	/**
	 * The same after a restart on the same host and port, different on each host, and
	 * safe in a cookie.
	 */
	private String defaultId(int port) {
		String name = this.properties.hostname();
		if (name == null) {
			String found = hostInfo().getHostname();
			name = found.equals(NO_HOST_NAME) ? hostInfo().getIpAddress() : found;
		}
		return (name + "-" + port).replaceAll("[^A-Za-z0-9._~-]", "-");
	}

	private String host(@Nullable InetAddress listening) {
		if (this.properties.preferIpAddress()) {
			return (this.properties.ipAddress() != null) ? this.properties.ipAddress() : address(listening);
		}
		return (this.properties.hostname() != null) ? this.properties.hostname() : hostInfo().getHostname();
	}

	/**
	 * A link-local address leads nowhere without the interface, which differs from host
	 * to host.
	 */
	private String address(@Nullable InetAddress listening) {
		return (listening == null || listening.isAnyLocalAddress() || listening.isLinkLocalAddress())
				? hostInfo().getIpAddress() : listening.getHostAddress();
	}

	private Map<String, String> metadata() {
		Map<String, String> metadata = new LinkedHashMap<>(this.properties.metadata());
		putIfSet(metadata, "zone", this.properties.zone());
		putIfSet(metadata, "weight", this.properties.weight());
		return metadata;
	}

	private static void putIfSet(Map<String, String> metadata, String key, @Nullable Object value) {
		if (value != null) {
			metadata.put(key, Objects.toString(value));
		}
	}

	/**
	 * Asked for once: looking the host up can take a second.
	 */
	private InetUtils.HostInfo hostInfo() {
		if (this.hostInfo == null) {
			this.hostInfo = this.inetUtils.findFirstNonLoopbackHostInfo();
		}
		return this.hostInfo;
	}

}
