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
 * The instances of one service that a call could not connect to, or that nobody listens
 * for after a call to them has ended without an answer. They are ejected until
 * <ul>
 * <li>their address accepts a connection, which is tried at most once a second and only
 * while there are calls,</li>
 * <li>a call to them succeeds, as it can when all are ejected and all are called,</li>
 * <li>nothing could be found out about their address for {@link #UNKNOWN_FOR}: a proxy
 * may reach what this process can't,</li>
 * <li>or the registry says something new of them: the catalog keeps an instance, the same
 * object, until then.</li>
 * </ul>
 * Safe for use by any thread.
 */
final class Ejections implements LoadBalancerLifecycle<Object, Object, ServiceInstance> {

	private static final Log logger = LogFactory.getLog(Ejections.class);

	/**
	 * How long after an ejection, and after each trial, the address is tried again.
	 */
	static final Duration INTERVAL = Duration.ofSeconds(1);

	/**
	 * How long an instance stays ejected whose address neither accepts nor refuses.
	 */
	static final Duration UNKNOWN_FOR = Duration.ofSeconds(30);

	private final Supplier<List<ServiceInstance>> registered;

	private final AddressProbe probe;

	private final LongSupplier nanoTime;

	/**
	 * Replaced, never changed.
	 */
	private volatile Map<ServiceInstance, Ejection> ejected = Map.of();

	/**
	 * When an address was asked for last on account of a call without an answer.
	 */
	private final Map<String, Long> suspected = new ConcurrentHashMap<>();

	/**
	 * Create it for a service.
	 * @param registered the instances of the service as the catalog has them now
	 * @param probe tries addresses
	 * @param nanoTime a monotonic clock
	 */
	Ejections(Supplier<List<ServiceInstance>> registered, AddressProbe probe, LongSupplier nanoTime) {
		this.registered = registered;
		this.probe = probe;
		this.nanoTime = nanoTime;
	}

	/**
	 * Whether there are none.
	 */
	boolean isEmpty() {
		return this.ejected.isEmpty();
	}

	/**
	 * Whether an instance is ejected. Its address is tried if it is time to.
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
	 * A call that ended well right after the ejection may have begun before it.
	 */
	private boolean isProvenWrong(ServiceInstance instance) {
		Ejection ejection = this.ejected.get(instance);
		return ejection != null && now() - ejection.since() >= INTERVAL.toNanos();
	}

	/**
	 * A connection that ended, which an instance does when its process is killed, and
	 * also for other reasons.
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
	 * Those that the catalog no longer has are forgotten by the way.
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
	 * Since when an instance is ejected, and when its address is tried next.
	 */
	private record Ejection(long since, long trial) {

		Ejection triedAt(long now) {
			return new Ejection(this.since, now + INTERVAL.toNanos());
		}

	}

}
