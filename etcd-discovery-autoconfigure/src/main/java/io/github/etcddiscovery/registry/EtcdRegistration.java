package io.github.etcddiscovery.registry;

import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.serviceregistry.Registration;

/**
 * The registration of one instance. The instance can be replaced by one with another
 * status, other metadata or, before it is registered, another port. Safe for use by any
 * thread.
 */
public class EtcdRegistration implements Registration {

	private final Function<LocalServers, EtcdServiceInstance> instances;

	/**
	 * The instance as properties and servers made it, without changes by code.
	 */
	private EtcdServiceInstance origin;

	private volatile EtcdServiceInstance instance;

	private volatile boolean acceptingTraffic = true;

	private volatile @Nullable CompletableFuture<Void> withdrawal;

	/**
	 * Create a registration, for example of a second port of the application, to be
	 * passed to {@link EtcdServiceRegistry#register(EtcdRegistration)}. As a bean, it
	 * replaces the registration that the properties describe.
	 * @param instance the instance; in a bean, port 0 stands for the port of the web
	 * server
	 */
	public EtcdRegistration(EtcdServiceInstance instance) {
		this(instance, (servers) -> (instance.getPort() != 0) ? instance : instance.withPort(servers.web().port()));
	}

	/**
	 * Create a registration of the application that follows its properties.
	 * @param source makes the instance from the current properties
	 */
	public EtcdRegistration(RegistrationSource source) {
		this(source.preview(), source::application);
	}

	private EtcdRegistration(EtcdServiceInstance instance, Function<LocalServers, EtcdServiceInstance> instances) {
		this.origin = instance;
		this.instance = instance;
		this.instances = instances;
	}

	/**
	 * The instance to register now, without changes by code.
	 * @param servers the servers that have started
	 * @return the instance, with port 0 if no port is configured and there is no web
	 * server
	 */
	EtcdServiceInstance current(LocalServers servers) {
		return this.instances.apply(servers);
	}

	/**
	 * Apply what has changed in the properties and servers. Changes that code has made by
	 * {@link #setInstance} are kept. Called with this object locked.
	 * @param next the instance as properties and servers make it now
	 */
	void follow(EtcdServiceInstance next) {
		InstanceStatus status = this.instance.getStatus();
		this.instance = next.withStatus((status != this.origin.getStatus()) ? status : next.getStatus())
			.withMetadata(merged(this.origin.getMetadata(), this.instance.getMetadata(), next.getMetadata()));
		this.origin = next;
	}

	private static Map<String, String> merged(Map<String, String> before, Map<String, String> current,
			Map<String, String> next) {
		if (current.equals(before)) {
			return next;
		}
		Map<String, String> merged = new LinkedHashMap<>(current);
		before.keySet().stream().filter((name) -> !next.containsKey(name)).forEach(merged::remove);
		next.forEach((name, value) -> {
			if (!value.equals(before.get(name))) {
				merged.put(name, value);
			}
		});
		return merged;
	}

	/**
	 * The instance that is, or will be, registered.
	 * @return the instance, with the status that was set
	 */
	public EtcdServiceInstance getInstance() {
		return this.instance;
	}

	/**
	 * The instance as others see it: out of service while the application refuses
	 * traffic, even if its status is {@code UP}.
	 * @return the instance
	 */
	public EtcdServiceInstance published() {
		EtcdServiceInstance instance = this.instance;
		return (this.acceptingTraffic || instance.getStatus() != InstanceStatus.UP) ? instance
				: instance.withStatus(InstanceStatus.OUT_OF_SERVICE);
	}

	void setAcceptingTraffic(boolean acceptingTraffic) {
		this.acceptingTraffic = acceptingTraffic;
	}

	/**
	 * The withdrawal of the key, while the instance must not be called and its format
	 * can't express that; otherwise {@code null}.
	 */
	@Nullable CompletableFuture<Void> getWithdrawal() {
		return this.withdrawal;
	}

	void setWithdrawal(@Nullable CompletableFuture<Void> withdrawal) {
		this.withdrawal = withdrawal;
	}

	/**
	 * Replace the instance. {@link EtcdServiceRegistry#register(EtcdRegistration)} then
	 * updates etcd.
	 * @param instance the new instance
	 */
	void setInstance(EtcdServiceInstance instance) {
		this.instance = instance;
	}

	@Override
	public String getServiceId() {
		return this.instance.getServiceId();
	}

	@Override
	public String getInstanceId() {
		return String.valueOf(this.instance.getInstanceId());
	}

	@Override
	public String getHost() {
		return this.instance.getHost();
	}

	@Override
	public int getPort() {
		return this.instance.getPort();
	}

	@Override
	public boolean isSecure() {
		return this.instance.isSecure();
	}

	@Override
	public URI getUri() {
		return this.instance.getUri();
	}

	@Override
	public String getScheme() {
		return this.instance.getScheme();
	}

	@Override
	public Map<String, String> getMetadata() {
		return this.instance.getMetadata();
	}

	@Override
	public String toString() {
		return this.instance.toString();
	}

}
