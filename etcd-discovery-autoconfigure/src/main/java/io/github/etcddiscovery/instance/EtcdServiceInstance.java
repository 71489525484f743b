package io.github.etcddiscovery.instance;

import java.net.URI;
import java.util.Map;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.DefaultServiceInstance;

/**
 * An instance of a service: its address, status and metadata. Immutable, since all
 * callers share one object: the setters that {@link DefaultServiceInstance} has for
 * property binding throw {@link UnsupportedOperationException}.
 */
public class EtcdServiceInstance extends DefaultServiceInstance {

	/**
	 * Name of the metadata of a management port, whose value is the name of the
	 * application's service.
	 */
	public static final String MANAGEMENT_OF = "management-of";

	private final InstanceStatus status;

	private final boolean grpcOnly;

	/**
	 * Created at its first use, since this process never calls most instances.
	 */
	private volatile @Nullable URI uri;

	/**
	 * Create an instance that speaks HTTP.
	 * @param serviceId the name of the service
	 * @param instanceId the id, unique within the service
	 * @param host the host name or address; an IPv6 address without brackets
	 * @param port the port
	 * @param secure whether it speaks TLS
	 * @param status the status; callers use only instances that are {@code UP}
	 * @param metadata any metadata; Spring Cloud LoadBalancer uses {@code zone},
	 * {@code weight} and {@code hint}
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
	 * @param status the status; callers use only instances that are {@code UP}
	 * @param metadata any metadata
	 * @param grpcOnly whether the port speaks only gRPC
	 */
	public EtcdServiceInstance(String serviceId, String instanceId, String host, int port, boolean secure,
			InstanceStatus status, Map<String, String> metadata, boolean grpcOnly) {
		super(instanceId, SharedValues.share(serviceId), SharedValues.share(host), port, secure, Metadata.of(metadata));
		this.status = status;
		this.grpcOnly = grpcOnly;
		if (!isPlain(host)) {
			// Fails here if the URI would be invalid
			this.uri = newUri();
		}
	}

	private static boolean isPlain(String host) {
		for (int i = 0; i < host.length(); i++) {
			char c = host.charAt(i);
			if (!(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-')) {
				return false;
			}
		}
		return !host.isEmpty();
	}

	private URI newUri() {
		String literal = getHost().contains(":") ? "[" + getHost() + "]" : getHost();
		return URI.create(getScheme() + "://" + literal + ":" + getPort());
	}

	/**
	 * The status of the instance.
	 * @return the status; callers use only instances that are {@code UP}
	 */
	public InstanceStatus getStatus() {
		return this.status;
	}

	/**
	 * Whether this is the management port of an application.
	 * @return {@code true} if the metadata contains {@link #MANAGEMENT_OF}
	 */
	public boolean isManagement() {
		return getMetadata().containsKey(MANAGEMENT_OF);
	}

	/**
	 * Whether the port speaks only gRPC. gRPC channels use such an instance; callers by
	 * HTTP do not.
	 * @return {@code true} if the port does not speak HTTP
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
	 * Copy this instance with another status.
	 * @param status the new status
	 * @return a copy
	 */
	public EtcdServiceInstance withStatus(InstanceStatus status) {
		return new EtcdServiceInstance(getServiceId(), id(), getHost(), getPort(), isSecure(), status, getMetadata(),
				this.grpcOnly);
	}

	/**
	 * Copy this instance with other metadata.
	 * @param metadata the complete new metadata
	 * @return a copy
	 */
	public EtcdServiceInstance withMetadata(Map<String, String> metadata) {
		return new EtcdServiceInstance(getServiceId(), id(), getHost(), getPort(), isSecure(), this.status, metadata,
				this.grpcOnly);
	}

	/**
	 * Copy this instance with another id.
	 * @param instanceId the new id
	 * @return a copy
	 */
	public EtcdServiceInstance withInstanceId(String instanceId) {
		return new EtcdServiceInstance(getServiceId(), instanceId, getHost(), getPort(), isSecure(), this.status,
				getMetadata(), this.grpcOnly);
	}

	/**
	 * Copy this instance with another port.
	 * @param port the new port
	 * @return a copy
	 */
	public EtcdServiceInstance withPort(int port) {
		return new EtcdServiceInstance(getServiceId(), id(), getHost(), port, isSecure(), this.status, getMetadata(),
				this.grpcOnly);
	}

	/**
	 * Copy this instance as one whose port speaks only gRPC.
	 * @param secure whether the port speaks TLS
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
