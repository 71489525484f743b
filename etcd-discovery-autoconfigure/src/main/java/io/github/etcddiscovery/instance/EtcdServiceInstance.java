package io.github.etcddiscovery.instance;

import java.net.URI;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.DefaultServiceInstance;

/**
 * An instance of a service: where it is and whether it wants to be called. Immutable: one
 * object is handed to every caller, so the setters that {@link DefaultServiceInstance}
 * has for property binding refuse.
 */
public class EtcdServiceInstance extends DefaultServiceInstance {

	/**
	 * Name of the metadata that says that an instance is the management port of another
	 * service's instance, and of which service.
	 */
	public static final String MANAGEMENT_OF = "management-of";

	private static final Pattern PLAIN_HOST = Pattern.compile("[A-Za-z0-9.-]++");

	private final InstanceStatus status;

	private final boolean grpcOnly;

	/**
	 * Made when it is first asked for: most instances are never called by this process.
	 */
	private volatile @Nullable URI uri;

	/**
	 * Create an instance that is called by HTTP.
	 * @param serviceId the name of the service
	 * @param instanceId the id, unique within the service
	 * @param host the host name or address; an IPv6 address without brackets
	 * @param port the port
	 * @param secure whether it speaks TLS
	 * @param status whether it wants to be called
	 * @param metadata free metadata; {@code zone}, {@code weight} and {@code hint} mean
	 * something to Spring Cloud LoadBalancer
	 */
	public EtcdServiceInstance(String serviceId, String instanceId, String host, int port, boolean secure,
			InstanceStatus status, Map<String, String> metadata) {
		this(serviceId, instanceId, host, port, secure, status, metadata, false);
	}

	/**
	 * Create an instance.
	 * @param serviceId the name of the service
	 * @param instanceId the id, unique within the service
	 * @param host the host name or address; an IPv6 address without brackets
	 * @param port the port
	 * @param secure whether it speaks TLS
	 * @param status whether it wants to be called
	 * @param metadata free metadata
	 * @param grpcOnly whether its port speaks gRPC and nothing else
	 */
	public EtcdServiceInstance(String serviceId, String instanceId, String host, int port, boolean secure,
			InstanceStatus status, Map<String, String> metadata, boolean grpcOnly) {
		super(instanceId, SharedValues.share(serviceId), SharedValues.share(host), port, secure, Metadata.of(metadata));
		this.status = status;
		this.grpcOnly = grpcOnly;
		if (!PLAIN_HOST.matcher(host).matches()) {
			// Fails now if there is no such URI
			this.uri = newUri();
		}
	}

	private URI newUri() {
		String literal = getHost().contains(":") ? "[" + getHost() + "]" : getHost();
		return URI.create(getScheme() + "://" + literal + ":" + getPort());
	}

	/**
	 * Whether the instance wants to be called.
	 * @return the status
	 */
	public InstanceStatus getStatus() {
		return this.status;
	}

	/**
	 * Whether it is the management port of another service's instance.
	 * @return {@code true} if its metadata say so
	 */
	public boolean isManagement() {
		return getMetadata().containsKey(MANAGEMENT_OF);
	}

	/**
	 * Whether its port speaks gRPC and nothing else. Such an instance is handed to gRPC
	 * channels, and to nobody who calls by HTTP.
	 * @return {@code true} if so
	 */
	public boolean isGrpcOnly() {
		return this.grpcOnly;
	}

	@Override
	public URI getUri() {
		URI uri = this.uri;
		if (uri == null) {
			uri = newUri();
			this.uri = uri;
		}
		return uri;
	}

	@Override
	public String getScheme() {
		return scheme(isSecure(), this.grpcOnly);
	}

	private static String scheme(boolean secure, boolean grpcOnly) {
		return (grpcOnly ? "grpc" : "http") + (secure ? "s" : "");
	}

	/**
	 * The same instance with another status.
	 * @param status the status
	 * @return a copy
	 */
	public EtcdServiceInstance withStatus(InstanceStatus status) {
		return new EtcdServiceInstance(getServiceId(), id(), getHost(), getPort(), isSecure(), status, getMetadata(),
				this.grpcOnly);
	}

	/**
	 * The same instance with other metadata.
	 * @param metadata the metadata
	 * @return a copy
	 */
	public EtcdServiceInstance withMetadata(Map<String, String> metadata) {
		return new EtcdServiceInstance(getServiceId(), id(), getHost(), getPort(), isSecure(), this.status, metadata,
				this.grpcOnly);
	}

	/**
	 * The same instance with another id.
	 * @param instanceId the id
	 * @return a copy
	 */
	public EtcdServiceInstance withInstanceId(String instanceId) {
		return new EtcdServiceInstance(getServiceId(), instanceId, getHost(), getPort(), isSecure(), this.status,
				getMetadata(), this.grpcOnly);
	}

	/**
	 * The same instance on another port.
	 * @param port the port
	 * @return a copy
	 */
	public EtcdServiceInstance withPort(int port) {
		return new EtcdServiceInstance(getServiceId(), id(), getHost(), port, isSecure(), this.status, getMetadata(),
				this.grpcOnly);
	}

	/**
	 * The same instance as one whose port speaks gRPC and nothing else.
	 * @param secure whether it speaks TLS
	 * @return a copy
	 */
	public EtcdServiceInstance asGrpcOnly(boolean secure) {
		return new EtcdServiceInstance(getServiceId(), id(), getHost(), getPort(), secure, this.status, getMetadata(),
				true);
	}

	private String id() {
		return Objects.requireNonNull(getInstanceId());
	}

	@Override
	public void setInstanceId(String instanceId) {
		throw immutable();
	}

	@Override
	public void setServiceId(String serviceId) {
		throw immutable();
	}

	@Override
	public void setHost(String host) {
		throw immutable();
	}

	@Override
	public void setPort(int port) {
		throw immutable();
	}

	@Override
	public void setSecure(boolean secure) {
		throw immutable();
	}

	@Override
	public void setUri(URI uri) {
		throw immutable();
	}

	private static UnsupportedOperationException immutable() {
		return new UnsupportedOperationException("A discovered instance cannot be changed");
	}

	@Override
	public boolean equals(Object other) {
		return super.equals(other) && this.status == ((EtcdServiceInstance) other).status
				&& this.grpcOnly == ((EtcdServiceInstance) other).grpcOnly;
	}

	@Override
	public int hashCode() {
		return 31 * super.hashCode() + this.status.hashCode();
	}

	@Override
	public String toString() {
		return "%s/%s %s %s".formatted(getServiceId(), getInstanceId(), getUri(), this.status);
	}

}
