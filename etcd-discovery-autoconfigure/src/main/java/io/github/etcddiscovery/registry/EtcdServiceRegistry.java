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
 * Registers instances in etcd. Registering returns at once and is completed, and kept up,
 * in the background; with {@code fail-fast} it waits and throws. All registrations share
 * the lease of the process. Safe for use by any thread.
 */
public class EtcdServiceRegistry implements ServiceRegistry<EtcdRegistration>, AutoCloseable {

	private static final Log logger = LogFactory.getLog(EtcdServiceRegistry.class);

	private final Map<String, EtcdRegistration> registered = new ConcurrentHashMap<>();

	private final LeasedRegistrations registrations;

	/**
	 * The first says how a registration stands; the others follow it.
	 */
	private final List<WrittenFormat> formats;

	private final InstanceReader reader;

	private final Duration timeout;

	private final @Nullable Duration registerTimeout;

	private final Monitor monitor;

	/**
	 * Create a registry.
	 * @param registrations keeps the registrations up
	 * @param formats the formats to write, each at keys of its own. The first one says
	 * how a registration stands
	 * @param reader reads what others wrote
	 * @param timeout how long a call waits for etcd at most, other than registering
	 * @param registerTimeout how long registering waits for etcd before it throws;
	 * {@code null} if it is to go on in the background
	 * @param monitor is told of registrations that come and go
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
	 * Register an instance, or change what is registered.
	 * @param registration the instance
	 * @throws InvalidInstanceException if it cannot be registered, since nobody could
	 * read or call it
	 * @throws RegistrationFailedException with {@code fail-fast}, if it could not be
	 * registered in time
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
	 * Called with the registration locked, so that of two changes the later one is also
	 * put later.
	 * @param anew whether it is also put if it does not stand in etcd
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
	 * Take out what cannot be said of in another way. It has been called until then, so
	 * whoever stops waits for this, as for a change of its status.
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
	 * Put what has changed; also if it was taken out for as long as its status was not
	 * {@code UP}, but not if it was given up.
	 */
	private CompletableFuture<Void> revise(EtcdRegistration registration) {
		return put(registration, this.registered.get(key(registration.getInstance())) == registration);
	}

	/**
	 * Take an instance out of etcd; waits for it, for a bounded time. It says goodbye
	 * first, by a status other than {@code UP}, so that nobody takes it for a victim of
	 * an outage. When etcd cannot be told, the instance goes with its lease.
	 * @param registration the instance
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
			logger.warn("'%s' could not be taken out of etcd yet; it goes with its lease at the latest: %s"
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
	 * Say goodbye for all that is registered: others see it as out of service from now
	 * on. Waits for it, for a bounded time.
	 * @return whether anybody may call one of them: also when etcd could not be told, or
	 * has not been reached for longer than the lease lives, since callers go by what was
	 * true last
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
			// Readiness may have said so just now: then this is what waits for it
			boolean up = registration.getInstance().getStatus() == InstanceStatus.UP;
			registration.setAcceptingTraffic(false);
			if (!up || !isRegistered(registration) && registration.getWithdrawal() == null) {
				return CompletableFuture.completedFuture(null);
			}
			return put(registration, false).orTimeout(this.timeout.toMillis() / 2, TimeUnit.MILLISECONDS);
		}
	}

	/**
	 * Take all that is still registered out of etcd, such as the other ports of an
	 * application that stops; waits for it, for a bounded time. Spring Cloud calls it
	 * when the application's own registration stops. The registry can be used again, as
	 * the application may start again; it ends in {@link #shutdown()}.
	 */
	@Override
	public void close() {
		List<CompletableFuture<Void>> departures = List.copyOf(this.registered.values())
			.stream()
			.map(this::leave)
			.toList();
		EtcdAccessException failure = await(allOf(departures));
		if (failure != null) {
			logger.warn("Not all registrations could be taken out of etcd; they go when the lease ends: "
					+ failure.getMessage());
		}
	}

	/**
	 * Take all instances out of etcd, for good; waits for it, for a bounded time.
	 */
	public void shutdown() {
		EtcdAccessException failure = await(this.registrations.close());
		if (failure != null) {
			logger.warn("The lease could not be revoked; it expires within its time to live: " + failure.getMessage());
		}
	}

	/**
	 * Change the status that others see.
	 * @param registration the instance
	 * @param status {@code UP}, {@code DOWN}, {@code OUT_OF_SERVICE}, {@code STARTING} or
	 * {@code UNKNOWN}, in any case; only what is {@code UP} is handed to load balancing
	 * @throws IllegalArgumentException if there is no such status
	 */
	@Override
	public void setStatus(EtcdRegistration registration, String status) {
		InstanceStatus next = InstanceStatus.of(status);
		change(registration, (instance) -> instance.withStatus(next));
	}

	/**
	 * The status that was set.
	 * @param registration the instance
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
	 * @param registration the instance
	 * @param metadata all of the metadata, in place of what there was
	 * @throws InvalidInstanceException if nobody could read them; nothing is changed then
	 */
	public void setMetadata(EtcdRegistration registration, Map<String, String> metadata) {
		change(registration, (instance) -> instance.withMetadata(metadata));
	}

	/**
	 * Say whether the application accepts traffic. While it does not, others see it as
	 * out of service.
	 * @param registration the instance
	 * @param acceptingTraffic whether it does
	 */
	void setAcceptingTraffic(EtcdRegistration registration, boolean acceptingTraffic) {
		synchronized (registration) {
			registration.setAcceptingTraffic(acceptingTraffic);
			revise(registration);
		}
	}

	/**
	 * Take over what has changed in what a registration is made of, under the same key
	 * and lease; its status and what else was changed by code stay.
	 * @param registration the instance
	 * @param next what it is made to be now, with the same name and id
	 * @throws InvalidInstanceException if nobody could read or call it; nothing is
	 * changed then
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
	 * Whether it is ready to be called or not.
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
	 * Others may allow other networks, so this is no reason to refuse it.
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
	 * Whether the instance stands in etcd, as far as this process can know.
	 * @param registration the instance
	 * @return {@code true} if it does
	 */
	public boolean isRegistered(EtcdRegistration registration) {
		return this.registrations.isRegistered(key(registration.getInstance()));
	}

	/**
	 * How the registration stands.
	 * @param registration the instance
	 * @return its state
	 */
	public RegistrationState getState(EtcdRegistration registration) {
		return this.registrations.state(key(registration.getInstance()));
	}

	/**
	 * What is registered, or is being registered, by this process.
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
