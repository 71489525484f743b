package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.core.Monitor.Operation;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.GrpcEndpoint;
import io.github.etcddiscovery.instance.InstanceKey;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.instance.InvalidInstanceException;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.serviceregistry.ServiceRegistry;

/**
 * Registers instances in etcd. {@code register} returns at once, and the registration is
 * made and maintained in the background; with {@code fail-fast} it waits for the first
 * try, and throws if that fails. All registrations share the lease of the process. Safe
 * for use by any thread.
 */
public class EtcdServiceRegistry implements ServiceRegistry<EtcdRegistration>, AutoCloseable {

	private static final Log logger = LogFactory.getLog(EtcdServiceRegistry.class);

	private final Map<String, EtcdRegistration> registered = new ConcurrentHashMap<>();

	private final LeasedRegistrations registrations;

	/**
	 * The formats to write. The state of a registration is that of its key in the first
	 * format.
	 */
	private final List<WrittenFormat> formats;

	private final InstanceReader reader;

	private final Duration timeout;

	private final @Nullable Duration registerTimeout;

	private final Monitor monitor;

	/**
	 * Create a registry.
	 * @param registrations maintains the registrations in etcd
	 * @param formats the formats to write, each at keys of its own. The state of a
	 * registration is that of its key in the first format
	 * @param reader reads registrations of other processes
	 * @param timeout how long calls other than {@code register} wait for etcd at most
	 * @param registerTimeout how long {@code register} waits for etcd before it throws;
	 * {@code null} to return at once and register in the background
	 * @param monitor measures registering and deregistering
	 */
	public EtcdServiceRegistry(LeasedRegistrations registrations, List<WrittenFormat> formats, InstanceReader reader,
			Duration timeout, @Nullable Duration registerTimeout, Monitor monitor) {
		this.registrations = registrations;
		this.formats = List.copyOf(formats);
		this.reader = reader;
		this.timeout = timeout;
		this.registerTimeout = registerTimeout;
		this.monitor = monitor;
	}

	/**
	 * Request the lease now, so that the first registration need not wait for it. It is
	 * given up again by {@link #close()}.
	 */
	void prepare() {
		this.registrations.prepare();
	}

	/**
	 * Register an instance, or update one that is registered.
	 * @param registration the registration
	 * @throws InvalidInstanceException if other processes could not read or call the
	 * instance
	 * @throws RegistrationFailedException with {@code fail-fast}, if the instance could
	 * not be registered in time
	 */
	@Override
	public void register(@Nullable EtcdRegistration registration) {
		if (registration == null) {
			return;
		}
		CompletableFuture<Void> outcome;
		synchronized (registration) {
			requireReadable(registration.getInstance());
			RegistrableInstance.require(registration.getInstance());
			warnUnlessAllowed(registration.getInstance());
			registration.setAcceptingTraffic(true);
			String key = key(registration.getInstance());
			this.registered.put(key, registration);
			outcome = monitored(Operation.REGISTER, key, () -> put(registration, true));
		}
		if (this.registerTimeout != null) {
			EtcdAccessException failure = await(outcome, this.registerTimeout);
			if (failure != null) {
				throw new RegistrationFailedException(key(registration.getInstance()), failure);
			}
		}
	}

	/**
	 * Write a registration in all formats. Called with the registration locked, so that
	 * of two changes the later one is written later.
	 * @param anew whether to write keys that are not registered, too
	 */
	private CompletableFuture<Void> put(EtcdRegistration registration, boolean anew) {
		EtcdServiceInstance instance = registration.published();
		return allOf(this.formats.stream().map((format) -> put(registration, instance, format, anew)).toList());
	}

	private CompletableFuture<Void> put(EtcdRegistration registration, EtcdServiceInstance instance,
			WrittenFormat format, boolean anew) {
		InstanceKey key = format.key(instance);
		String value = format.codec().encode(instance);
		boolean first = format == this.formats.get(0);
		if (value == null) {
			return first ? withdraw(registration, key.toString()) : this.registrations.withdraw(key.toString());
		}
		if (first) {
			registration.setWithdrawal(null);
		}
		Predicate<String> sameAddress = (other) -> hasSameAddress(instance, key, other);
		boolean shared = !Objects.equals(key.instanceId(), instance.getInstanceId());
		return anew ? this.registrations.register(key.toString(), value, sameAddress, shared)
				: this.registrations.update(key.toString(), value, sameAddress);
	}

	/**
	 * Withdraw the key of an instance that must not be called, because the format can't
	 * express its status. Callers have used the key until now, so a stop waits for the
	 * withdrawal as it does for a change of the status.
	 */
	private CompletableFuture<Void> withdraw(EtcdRegistration registration, String key) {
		CompletableFuture<Void> withdrawal = registration.getWithdrawal();
		if (withdrawal == null) {
			boolean stood = hasStood(registration);
			withdrawal = this.registrations.withdraw(key);
			if (stood) {
				registration.setWithdrawal(withdrawal);
			}
		}
		return withdrawal.copy();
	}

	/**
	 * Write a changed registration. A key that was withdrawn is written again; one that
	 * was deregistered is not.
	 */
	private CompletableFuture<Void> revise(EtcdRegistration registration) {
		return put(registration, this.registered.get(key(registration.getInstance())) == registration);
	}

	/**
	 * Deregister an instance, and wait for that in bounded time. Its status is changed
	 * first, as a goodbye, so that other processes do not hold the instance as the victim
	 * of an outage. If etcd can't be reached, the instance is removed when its lease
	 * expires.
	 * @param registration the registration
	 */
	@Override
	public void deregister(@Nullable EtcdRegistration registration) {
		if (registration == null) {
			return;
		}
		String key = key(registration.getInstance());
		boolean stood = isRegistered(registration);
		EtcdAccessException failure = await(leave(registration));
		if (failure != null) {
			logger.warn("'%s' could not be deregistered yet; it is removed when its lease expires, at the latest: %s"
				.formatted(key, failure.getMessage()));
		}
		else if (stood) {
			logger.info("Deregistered '%s'".formatted(key));
		}
	}

	private CompletableFuture<Void> leave(EtcdRegistration registration) {
		String key = key(registration.getInstance());
		if (!this.registered.remove(key, registration)) {
			return takeOut(registration.getInstance());
		}
		return monitored(Operation.DEREGISTER, key, () -> farewell(registration).handle((said, unsaid) -> null)
			.thenCompose((next) -> takeOut(registration.getInstance())));
	}

	private CompletableFuture<Void> takeOut(EtcdServiceInstance instance) {
		return allOf(this.formats.stream()
			.map((format) -> this.registrations.deregister(format.key(instance).toString()))
			.toList());
	}

	private CompletableFuture<Void> monitored(Operation operation, String key, Supplier<CompletableFuture<Void>> call) {
		Monitor.Ending ending = this.monitor.begin(operation, key);
		return call.get()
			.whenComplete((done, failure) -> ending.ended((failure != null) ? EtcdAccessException.of(failure) : null));
	}

	/**
	 * Say goodbye for all registrations: others see them as out of service from now on.
	 * Waits in bounded time.
	 * @return whether other processes may still call one of them. That is also the case
	 * when etcd could not be told, or has not been reached for longer than the time to
	 * live, since callers then use their last snapshot
	 */
	boolean sayGoodbye() {
		List<CompletableFuture<Void>> farewells = this.registered.values()
			.stream()
			.filter(this::hasStood)
			.map(this::farewell)
			.toList();
		await(allOf(farewells));
		return !farewells.isEmpty();
	}

	private boolean hasStood(EtcdRegistration registration) {
		return registration.getWithdrawal() != null || this.registrations.hasStood(key(registration.getInstance()));
	}

	private static CompletableFuture<Void> allOf(List<CompletableFuture<Void>> futures) {
		return (futures.size() == 1) ? futures.get(0)
				: CompletableFuture.allOf(futures.toArray(CompletableFuture[]::new));
	}

	private CompletableFuture<Void> farewell(EtcdRegistration registration) {
		synchronized (registration) {
			// A change of readiness may be writing this status at the moment: the put
			// below waits for it
			boolean up = registration.getInstance().getStatus() == InstanceStatus.UP;
			registration.setAcceptingTraffic(false);
			if (!up || !isRegistered(registration) && registration.getWithdrawal() == null) {
				return CompletableFuture.completedFuture(null);
			}
			return put(registration, false).orTimeout(this.timeout.toMillis() / 2, TimeUnit.MILLISECONDS);
		}
	}

	/**
	 * Deregister all instances that are still registered, such as further ports of an
	 * application that stops, and wait for that in bounded time. Spring Cloud calls this
	 * method when the application's own registration stops. The registry can be used
	 * again afterwards, since the application may be started again; {@link #shutdown()}
	 * ends it.
	 */
	@Override
	public void close() {
		List<CompletableFuture<Void>> departures = List.copyOf(this.registered.values())
			.stream()
			.map(this::leave)
			.toList();
		EtcdAccessException failure = await(allOf(departures).thenCompose((done) -> this.registrations.release()));
		if (failure != null) {
			logger.warn("Not all registrations could be deregistered; they are removed when the lease expires: "
					+ failure.getMessage());
		}
	}

	/**
	 * Deregister all instances for good and revoke the lease, and wait for that in
	 * bounded time.
	 */
	public void shutdown() {
		EtcdAccessException failure = await(this.registrations.close());
		if (failure != null) {
			logger.warn("The lease could not be revoked; it expires within its time to live: " + failure.getMessage());
		}
	}

	/**
	 * Change the status that others see.
	 * @param registration the registration
	 * @param status {@code UP}, {@code DOWN}, {@code OUT_OF_SERVICE}, {@code STARTING} or
	 * {@code UNKNOWN}, in any case; load balancing uses only instances that are
	 * {@code UP}
	 * @throws IllegalArgumentException if there is no such status
	 */
	@Override
	public void setStatus(EtcdRegistration registration, String status) {
		InstanceStatus next = InstanceStatus.of(status);
		change(registration, (instance) -> instance.withStatus(next));
	}

	/**
	 * The status that was set.
	 * @param registration the registration
	 * @return a map with the {@code status}, as the {@code serviceregistry} endpoint
	 * shows it
	 */
	@Override
	@SuppressWarnings("unchecked")
	public <T> T getStatus(EtcdRegistration registration) {
		return (T) Map.of("status", registration.getInstance().getStatus().name());
	}

	/**
	 * Change the metadata that others see, under the same lease.
	 * @param registration the registration
	 * @param metadata the complete new metadata
	 * @throws InvalidInstanceException if other processes could not read the metadata;
	 * nothing is changed then
	 */
	public void setMetadata(EtcdRegistration registration, Map<String, String> metadata) {
		change(registration, (instance) -> instance.withMetadata(metadata));
	}

	/**
	 * Set whether the application accepts traffic. While it does not, others see it as
	 * out of service.
	 * @param registration the registration
	 * @param acceptingTraffic whether the application accepts traffic
	 */
	void setAcceptingTraffic(EtcdRegistration registration, boolean acceptingTraffic) {
		synchronized (registration) {
			registration.setAcceptingTraffic(acceptingTraffic);
			revise(registration);
		}
	}

	/**
	 * Apply changes of the properties to a registration, under the same key and lease.
	 * The status and other changes by code are kept.
	 * @param registration the registration
	 * @param next the instance as properties and servers make it now, with the same name
	 * and id
	 * @throws InvalidInstanceException if other processes could not read or call the
	 * instance; nothing is changed then
	 */
	void follow(EtcdRegistration registration, EtcdServiceInstance next) {
		synchronized (registration) {
			RegistrableInstance.require(next);
			requireReadable(next);
			EtcdServiceInstance last = registration.getInstance();
			registration.follow(next);
			registration.setInstance(registration.getInstance().withStatus(last.getStatus()));
			if (!registration.getInstance().equals(last)) {
				revise(registration);
			}
		}
	}

	private void change(EtcdRegistration registration, UnaryOperator<EtcdServiceInstance> change) {
		synchronized (registration) {
			EtcdServiceInstance next = change.apply(registration.getInstance());
			requireReadable(next);
			registration.setInstance(next);
			revise(registration);
		}
	}

	/**
	 * Validate an instance, whether or not its status is {@code UP}.
	 */
	private void requireReadable(EtcdServiceInstance instance) {
		RegistrableInstance.requireMetadata(instance.getMetadata());
		for (WrittenFormat format : this.formats) {
			String value = format.codec().encode(instance.withStatus(InstanceStatus.UP));
			if (value != null) {
				RegistrableInstance.requireValue(value);
			}
		}
	}

	/**
	 * Warn if this application's own allowed networks exclude the instance. Others may
	 * allow other networks, so that is no reason to refuse it.
	 */
	private void warnUnlessAllowed(EtcdServiceInstance instance) {
		try {
			this.reader.limits().requireAllowed(instance.getHost());
		}
		catch (InvalidInstanceException ex) {
			logger.warn(
					("Applications with this one's 'spring.cloud.etcd.discovery.allowed-networks' pass '%s' over: %s. "
							+ "Set 'spring.cloud.etcd.discovery.ip-address' to an address that they allow")
						.formatted(key(instance), ex.getMessage()));
		}
	}

	/**
	 * Whether the instance is registered in etcd, as far as this process can know.
	 * @param registration the registration
	 * @return {@code true} if its key is in etcd under a lease that is alive
	 */
	public boolean isRegistered(EtcdRegistration registration) {
		return this.registrations.isRegistered(key(registration.getInstance()));
	}

	/**
	 * The state of a registration.
	 * @param registration the registration
	 * @return the state of its key in the first format
	 */
	public RegistrationState getState(EtcdRegistration registration) {
		return this.registrations.state(key(registration.getInstance()));
	}

	/**
	 * The registrations of this process, including those that are being registered.
	 * @return the registrations by key, in the order of the keys
	 */
	public Map<String, EtcdRegistration> getRegistrations() {
		return new TreeMap<>(this.registered);
	}

	private String key(EtcdServiceInstance instance) {
		return this.formats.get(0).key(instance).toString();
	}

	private boolean hasSameAddress(EtcdServiceInstance instance, InstanceKey key, String otherValue) {
		try {
			List<EtcdServiceInstance> others = this.reader.read(key, otherValue);
			GrpcEndpoint grpc = GrpcEndpoint.of(instance);
			return others.stream()
				.anyMatch((other) -> other.getHost().equals(instance.getHost())
						&& (other.getPort() == instance.getPort() || other.getPort() == grpc.port()));
		}
		catch (RuntimeException ex) {
			return false;
		}
	}

	private @Nullable EtcdAccessException await(CompletableFuture<Void> outcome) {
		return await(outcome, this.timeout);
	}

	private static @Nullable EtcdAccessException await(CompletableFuture<Void> outcome, Duration timeout) {
		try {
			outcome.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
			return null;
		}
		catch (ExecutionException ex) {
			return (ex.getCause() instanceof EtcdAccessException failure) ? failure
					: new EtcdAccessException(EtcdAccessException.Kind.OTHER, String.valueOf(ex.getCause()), ex);
		}
		catch (TimeoutException ex) {
			return new EtcdAccessException(EtcdAccessException.Kind.TIMED_OUT,
					"etcd did not answer within %d ms".formatted(timeout.toMillis()), ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return new EtcdAccessException(EtcdAccessException.Kind.CANCELLED, "interrupted", ex);
		}
	}

}
