package io.github.etcddiscovery.loadbalancer;

import java.io.IOException;
import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;

import io.github.etcddiscovery.probe.AddressProbe;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.CompletionContext;
import org.springframework.cloud.client.loadbalancer.LoadBalancerLifecycle;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.client.loadbalancer.Response;

/**
 * The ejected instances of one service. An instance is ejected when a call could not
 * connect to it, or when a call ended without an answer and its address then refuses
 * connections. It stays ejected until
 * <ul>
 * <li>its address accepts a connection, which is tried at most once a second and only
 * while there are calls,</li>
 * <li>a call to it succeeds, which is possible when all instances are ejected and
 * therefore called,</li>
 * <li>probes of its address were inconclusive for {@link #UNKNOWN_FOR}, since a proxy may
 * reach addresses that this process can't,</li>
 * <li>or its registration changes: until then the catalog keeps the same object.</li>
 * </ul>
 * Safe for use by any thread.
 */
final class Ejections implements LoadBalancerLifecycle<Object, Object, ServiceInstance> {

	private static final Log logger = LogFactory.getLog(Ejections.class);

	/**
	 * The time from an ejection to the first probe of the address, and between probes.
	 */
	static final Duration INTERVAL = Duration.ofSeconds(1);

	/**
	 * How long an instance stays ejected while its address neither accepts nor refuses
	 * connections.
	 */
	static final Duration UNKNOWN_FOR = Duration.ofSeconds(30);

	private final Supplier<List<ServiceInstance>> registered;

	private final AddressProbe probe;

	private final LongSupplier nanoTime;

	/**
	 * Immutable, and replaced as a whole.
	 */
	private volatile Map<ServiceInstance, Ejection> ejected = Map.of();

	/**
	 * When each address was last probed because of a call without an answer.
	 */
	private final Map<String, Long> suspected = new ConcurrentHashMap<>();

	/**
	 * Create the ejections of a service.
	 * @param registered returns the current instances of the service
	 * @param probe probes addresses
	 * @param nanoTime a monotonic clock
	 */
	Ejections(Supplier<List<ServiceInstance>> registered, AddressProbe probe, LongSupplier nanoTime) {
		this.registered = registered;
		this.probe = probe;
		this.nanoTime = nanoTime;
	}

	/**
	 * Whether no instance is ejected.
	 */
	boolean isEmpty() {
		return this.ejected.isEmpty();
	}

	/**
	 * Whether an instance is ejected. Never probes.
	 */
	boolean has(ServiceInstance instance) {
		return this.ejected.containsKey(instance);
	}

	/**
	 * Probe the addresses of ejected instances where that is due.
	 * @return the ejected instances; the same object until one comes, goes or is probed
	 */
	Object attend() {
		this.ejected.keySet().forEach(this::contains);
		return this.ejected;
	}

	/**
	 * Whether an instance is ejected. Probes its address if that is due.
	 */
	boolean contains(ServiceInstance instance) {
		Ejection ejection = this.ejected.get(instance);
		if (ejection != null && now() - ejection.trial() >= 0) {
			tryAgain(instance, ejection);
		}
		return ejection != null;
	}

	private void tryAgain(ServiceInstance instance, Ejection ejection) {
		synchronized (this) {
			if (ejection != this.ejected.get(instance)) {
				return;
			}
			replace(instance, ejection.triedAt(now()));
		}
		this.probe.ask(instance.getHost(), instance.getPort()).thenAccept((answer) -> {
			switch (answer) {
				case ACCEPTED -> readmit(instance);
				case REFUSED -> {
				}
				case UNKNOWN -> {
					if (now() - ejection.since() >= UNKNOWN_FOR.toNanos()) {
						readmit(instance);
					}
				}
			}
		});
	}

	private void readmit(ServiceInstance instance) {
		logger.info("Calling %s again".formatted(instance));
		replace(instance, null);
	}

	@Override
	public void onComplete(CompletionContext<Object, ServiceInstance, Object> context) {
		Response<ServiceInstance> response = context.getLoadBalancerResponse();
		ServiceInstance chosen = (response != null) ? response.getServer() : null;
		if (chosen == null) {
			return;
		}
		if (context.status() == CompletionContext.Status.SUCCESS) {
			if (!isEmpty()) {
				at(RotationSupplier.address(chosen)).filter(this::isProvenWrong).forEach(this::readmit);
			}
		}
		else if (NeverConnected.is(context.getThrowable())) {
			eject(RotationSupplier.address(chosen));
		}
		else if (isWithoutAnswer(context.getThrowable())) {
			suspect(chosen);
		}
	}

	/**
	 * Whether a success revokes the ejection. A call that succeeds right after the
	 * ejection may have begun before it.
	 */
	private boolean isProvenWrong(ServiceInstance instance) {
		Ejection ejection = this.ejected.get(instance);
		return ejection != null && now() - ejection.since() >= INTERVAL.toNanos();
	}

	/**
	 * Whether the connection ended during the call, which happens when the process of the
	 * instance is killed, but also for other reasons.
	 */
	private static boolean isWithoutAnswer(@Nullable Throwable failure) {
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			if (cause instanceof IOException) {
				return true;
			}
		}
		return false;
	}

	private void suspect(ServiceInstance chosen) {
		String address = RotationSupplier.address(chosen);
		long now = now();
		this.suspected.values().removeIf((asked) -> now - asked >= INTERVAL.toNanos());
		if (this.suspected.putIfAbsent(address, now) == null) {
			this.probe.ask(chosen.getHost(), chosen.getPort()).thenAccept((answer) -> {
				if (answer == AddressProbe.Answer.REFUSED) {
					eject(address);
				}
			});
		}
	}

	private void eject(String address) {
		at(address).forEach((instance) -> {
			if (!this.ejected.containsKey(instance)) {
				logger.info("Not calling %s for now: no connection could be made".formatted(instance));
				replace(instance, new Ejection(now(), now() + INTERVAL.toNanos()));
			}
		});
	}

	private Stream<ServiceInstance> at(String address) {
		return this.registered.get().stream().filter((instance) -> RotationSupplier.address(instance).equals(address));
	}

	private long now() {
		return this.nanoTime.getAsLong();
	}

	/**
	 * Add, replace or remove an ejection. Also forgets instances that the catalog no
	 * longer has.
	 */
	private synchronized void replace(ServiceInstance instance, @Nullable Ejection ejection) {
		Map<ServiceInstance, Ejection> next = new IdentityHashMap<>();
		for (ServiceInstance registered : this.registered.get()) {
			Ejection kept = (registered == instance) ? ejection : this.ejected.get(registered);
			if (kept != null) {
				next.put(registered, kept);
			}
		}
		this.ejected = next;
	}

	@Override
	public void onStart(Request<Object> request) {
	}

	@Override
	public void onStartRequest(Request<Object> request, Response<ServiceInstance> response) {
	}

	/**
	 * The time of an ejection, and that of the next probe.
	 */
	private record Ejection(long since, long trial) {

		Ejection triedAt(long now) {
			return new Ejection(this.since, now + INTERVAL.toNanos());
		}

	}

}
