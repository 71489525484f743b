package io.github.etcddiscovery.actuate;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import io.github.etcddiscovery.catalog.InstanceOverride;
import io.github.etcddiscovery.core.EscapedText;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.lease.LeaseStatus;
import io.github.etcddiscovery.registry.EtcdRegistration;
import io.github.etcddiscovery.registry.EtcdServiceRegistry;
import io.github.etcddiscovery.registry.LeasedRegistrations;
import io.github.etcddiscovery.registry.RegistrationState;
import io.github.etcddiscovery.watch.MirrorState;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;
import org.springframework.boot.actuate.endpoint.SanitizableData;
import org.springframework.boot.actuate.endpoint.Sanitizer;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;

/**
 * Actuator endpoint that shows the registrations of this process and the catalog, from
 * memory. Write operations list the keys again and change the status of a registration.
 */
@Endpoint(id = "etcddiscovery")
public class EtcdDiscoveryEndpoint {

	private final ServiceCatalog catalog;

	private final @Nullable EtcdServiceRegistry registry;

	private final @Nullable LeasedRegistrations registrations;

	private final Sanitizer sanitizer;

	/**
	 * Create an endpoint.
	 * @param catalog the catalog to show
	 * @param registry knows the registrations; {@code null} if this process registers
	 * nothing
	 * @param registrations knows their states and the lease; {@code null} if this process
	 * registers nothing
	 * @param sanitizer hides secret metadata
	 */
	public EtcdDiscoveryEndpoint(ServiceCatalog catalog, @Nullable EtcdServiceRegistry registry,
			@Nullable LeasedRegistrations registrations, Sanitizer sanitizer) {
		this.catalog = catalog;
		this.registry = registry;
		this.registrations = registrations;
		this.sanitizer = sanitizer;
	}

	/**
	 * Show everything.
	 * @return the registrations, their lease and the catalog
	 */
	@ReadOperation
	public DiscoveryDescriptor discovery() {
		Map<String, ServiceDescriptor> services = new LinkedHashMap<>();
		Map<String, List<EtcdServiceInstance>> held = this.catalog.held();
		this.catalog.registeredInstances()
			.forEach((name, instances) -> services.put(EscapedText.of(name), service(name, instances, held)));
		return new DiscoveryDescriptor(lease(), registrations(), this.catalog.prefixes(),
				MirrorDescriptor.of(this.catalog.state()), this.catalog.isRestored(), services, channels(), rejected());
	}

	/**
	 * Show one service.
	 * @param service the name of the service
	 * @return the service, or {@code null} if the catalog does not know it
	 */
	@ReadOperation
	public @Nullable ServiceDescriptor service(@Selector String service) {
		List<EtcdServiceInstance> instances = this.catalog.registeredInstances().get(service);
		return (instances != null) ? service(service, instances, this.catalog.held()) : null;
	}

	/**
	 * List all followed keys again now. The mirrors go on serving their snapshots.
	 */
	@WriteOperation
	public void refresh() {
		this.catalog.refresh();
	}

	/**
	 * Change the status of this process's registrations of a service.
	 * @param service the name of the service
	 * @param status {@code UP}, {@code DOWN}, {@code OUT_OF_SERVICE}, {@code STARTING} or
	 * {@code UNKNOWN}, in any case
	 * @return the changed registrations
	 * @throws InvalidEndpointRequestException if there is no such registration or status
	 */
	@WriteOperation
	public List<RegistrationDescriptor> setStatus(@Selector String service, String status) {
		InstanceStatus next = parse(status);
		List<RegistrationDescriptor> changed = new ArrayList<>();
		if (this.registry != null) {
			EtcdServiceRegistry registry = this.registry;
			registry.getRegistrations().forEach((key, registration) -> {
				if (registration.getServiceId().equals(service)) {
					registry.setStatus(registration, next.name());
					changed.add(registration(key, registration, registry.getState(registration)));
				}
			});
		}
		if (changed.isEmpty()) {
			throw invalid("This process has registered nothing as '%s'".formatted(EscapedText.of(service)));
		}
		return changed;
	}

	private static InstanceStatus parse(String status) {
		try {
			return InstanceStatus.of(status);
		}
		catch (IllegalArgumentException ex) {
			throw invalid(ex.getMessage());
		}
	}

	private static InvalidEndpointRequestException invalid(@Nullable String reason) {
		return new InvalidEndpointRequestException(String.valueOf(reason), String.valueOf(reason));
	}

	/**
	 * The lease of this process.
	 * @return the lease, or {@code null} if this process registers nothing
	 */
	public @Nullable LeaseDescriptor lease() {
		if (this.registrations == null) {
			return null;
		}
		LeaseStatus lease = this.registrations.status();
		return new LeaseDescriptor(lease.leaseIdInHex(), lease.state(), lease.remaining().toMillis() / 1000.0);
	}

	/**
	 * The registrations of this process.
	 * @return the registrations, with their current states
	 */
	public List<RegistrationDescriptor> registrations() {
		List<RegistrationDescriptor> registrations = new ArrayList<>();
		if (this.registry != null) {
			EtcdServiceRegistry registry = this.registry;
			registry.getRegistrations()
				.forEach((key, registration) -> registrations
					.add(registration(key, registration, registry.getState(registration))));
		}
		return registrations;
	}

	private RegistrationDescriptor registration(String key, EtcdRegistration registration, RegistrationState state) {
		EtcdServiceInstance instance = registration.published();
		return new RegistrationDescriptor(key, state, instance.getStatus(), instance.getUri().toString(),
				metadata(instance));
	}

	private ServiceDescriptor service(String name, List<EtcdServiceInstance> instances,
			Map<String, List<EtcdServiceInstance>> allHeld) {
		Set<EtcdServiceInstance> held = new HashSet<>(allHeld.getOrDefault(name, List.of()));
		return new ServiceDescriptor(MirrorDescriptor.of(this.catalog.state(name)),
				instances.stream()
					.map((instance) -> new InstanceDescriptor(EscapedText.of(String.valueOf(instance.getInstanceId())),
							instance.getStatus(), instance.getUri().toString(), held.contains(instance),
							metadata(instance), this.catalog.overrides().find(name, instance.getInstanceId())))
					.toList());
	}

	/**
	 * The metadata, sanitised by the application's functions and by Spring Boot's rules
	 * for names of secrets.
	 */
	private Map<String, Object> metadata(EtcdServiceInstance instance) {
		Map<String, Object> metadata = new TreeMap<>();
		instance.getMetadata()
			.forEach((key, value) -> metadata.put(EscapedText.of(key),
					String.valueOf(this.sanitizer.sanitize(new SanitizableData(null, key, value), true))));
		return metadata;
	}

	private Map<String, List<String>> channels() {
		Map<String, List<String>> channels = new TreeMap<>();
		this.catalog.followers()
			.forEach((service, followers) -> channels.put(EscapedText.of(service),
					followers.stream().map(EscapedText::of).toList()));
		return channels;
	}

	private Map<String, String> rejected() {
		Map<String, String> rejected = new TreeMap<>();
		this.catalog.rejected().forEach((key, reason) -> rejected.put(EscapedText.of(key), reason));
		return rejected;
	}

	/**
	 * The registrations of this process and the catalog.
	 *
	 * @param lease the lease of this process, or {@code null} if it registers nothing
	 * @param registrations the registrations of this process
	 * @param prefixes the beginnings of the keys that are followed
	 * @param mirror the state of the mirrors together
	 * @param restored whether the services come from the snapshot file
	 * @param services the services in the catalog, by name
	 * @param channels the gRPC channels in use, by the service that they follow
	 * @param rejected why values are passed over, by key
	 */
	public record DiscoveryDescriptor(@Nullable LeaseDescriptor lease, List<RegistrationDescriptor> registrations,
			List<String> prefixes, MirrorDescriptor mirror, boolean restored, Map<String, ServiceDescriptor> services,
			Map<String, List<String>> channels, Map<String, String> rejected) implements OperationResponseBody {
	}

	/**
	 * The lease of this process.
	 *
	 * @param id the id in hexadecimal, as {@code etcdctl} prints it; empty if there is no
	 * lease
	 * @param state the state of the lease
	 * @param remainingSeconds the time until the lease expires without another renewal
	 */
	public record LeaseDescriptor(String id, LeaseStatus.State state, double remainingSeconds) {
	}

	/**
	 * A registration of this process.
	 *
	 * @param key the key
	 * @param state the state of the registration
	 * @param status the status that others see
	 * @param uri the URI of the instance
	 * @param metadata the metadata, sanitised
	 */
	public record RegistrationDescriptor(String key, RegistrationState state, InstanceStatus status, String uri,
			Map<String, Object> metadata) {
	}

	/**
	 * The state of a mirror.
	 *
	 * @param synced whether the mirror is synchronised now
	 * @param revision the revision of the snapshot that the mirror serves, or 0 before
	 * the first
	 * @param stalenessSeconds the time since the mirror was synchronised; 0 while it is
	 * @param reason why the mirror is not synchronised, or {@code null} if it is
	 * @param pending how many changes have arrived and wait to be applied
	 */
	public record MirrorDescriptor(boolean synced, long revision, double stalenessSeconds, @Nullable String reason,
			int pending) {

		static MirrorDescriptor of(MirrorState state) {
			return new MirrorDescriptor(state.synced(), state.revision(), state.staleness().toMillis() / 1000.0,
					state.reason(), state.pending());
		}

	}

	/**
	 * A service.
	 *
	 * @param mirror the state of the mirror that has its keys
	 * @param instances its instances
	 */
	public record ServiceDescriptor(MirrorDescriptor mirror,
			List<InstanceDescriptor> instances) implements OperationResponseBody {
	}

	/**
	 * An instance.
	 *
	 * @param id the id of the instance
	 * @param status the status that the catalog shows
	 * @param uri the URI of the instance
	 * @param held whether the instance is held although its key is gone
	 * @param metadata the metadata, sanitised
	 * @param override the operator's override of the instance, or {@code null}
	 */
	public record InstanceDescriptor(String id, InstanceStatus status, String uri, boolean held,
			Map<String, Object> metadata, @Nullable InstanceOverride override) {
	}

}
