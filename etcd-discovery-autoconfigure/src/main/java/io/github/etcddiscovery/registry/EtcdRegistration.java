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
 * What is registered under one key: an instance that can be replaced by one with another
 * status, other metadata or, before it is registered, another port. Safe for use by any
 * thread.
 */
public class EtcdRegistration implements Registration {

	private final Function<LocalServers, EtcdServiceInstance> instances;

	/**
	 * What it was made to be, before code changed it.
	 */
	private EtcdServiceInstance origin;

	private volatile EtcdServiceInstance instance;

	private volatile boolean acceptingTraffic = true;

	private volatile @Nullable CompletableFuture<Void> withdrawal;

	/**
	 * Create a registration, for example of a second port of the application, to be given
	 * to {@link EtcdServiceRegistry#register(EtcdRegistration)}. As a bean it is what the
	 * application registers in place of what its properties say.
	 * @param instance the instance; as a bean, one with port 0 gets that of the web
	 * server
	 */
	public EtcdRegistration(EtcdServiceInstance instance) {
		this(instance, (servers) -> (instance.getPort() != 0) ? instance : instance.withPort(servers.web().port()));
	}

	/**
	 * Create a registration of the application that follows its properties.
	 * @param source makes the instance from the properties as they are then
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
	 * What is to be registered now, but for what code has changed.
	 * @param servers the servers that have started
	 * @return the instance, with port 0 if it has none and there is no web server
	 */
	EtcdServiceInstance current(LocalServers servers) {
		return this.instances.apply(servers);
	}

	/**
	 * Take over what has changed in what it is made of. What code has changed meanwhile,
	 * by {@link #setInstance}, stays as it is. Called with this object locked.
	 * @param next what it is made to be now
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
	 * What is, or is to be, registered.
	 * @return the instance
	 */
	public EtcdServiceInstance getInstance() {
		return this.instance;
	}

	/**
	 * The instance as others are to see it: out of service while the application refuses
	 * traffic, whatever status was set.
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
	 * How it was taken out of etcd for as long as it is not to be called, if its format
	 * has no other way to say so.
	 */
	@Nullable CompletableFuture<Void> getWithdrawal() {
		return this.withdrawal;
	}

	void setWithdrawal(@Nullable CompletableFuture<Void> withdrawal) {
		this.withdrawal = withdrawal;
	}

	/**
	 * Replace the instance; what stands in etcd changes with
	 * {@link EtcdServiceRegistry#register(EtcdRegistration)}.
	 * @param instance the instance
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
