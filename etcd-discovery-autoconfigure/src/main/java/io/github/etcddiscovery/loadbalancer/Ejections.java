package io.github.etcddiscovery.loadbalancer;

import java.time.Duration;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

import io.github.etcddiscovery.discovery.AddressProbe;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.CompletionContext;
import org.springframework.cloud.client.loadbalancer.LoadBalancerLifecycle;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.client.loadbalancer.Response;

/**
 * The instances of one service that a call could not connect to. They are ejected until
 * their address accepts a connection, which is tried at most once a second and only while
 * there are calls, or until the registry says something new of them: the catalog keeps an
 * instance, the same object, until then. Safe for use by any thread.
 */
final class Ejections implements LoadBalancerLifecycle<Object, Object, ServiceInstance> {

	private static final Log logger = LogFactory.getLog(Ejections.class);

	/**
	 * How long after an ejection, and after each trial, the address is tried again.
	 */
	static final Duration INTERVAL = Duration.ofSeconds(1);

	private final Supplier<List<ServiceInstance>> registered;

	private final AddressProbe probe;

	private final LongSupplier nanoTime;

	/**
	 * When each is to be tried again. Replaced, never changed.
	 */
	private volatile Map<ServiceInstance, Long> trials = Map.of();

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
		return this.trials.isEmpty();
	}

	/**
	 * Whether an instance is ejected. Its address is tried if it is time to.
	 */
	boolean contains(ServiceInstance instance) {
		Long trial = this.trials.get(instance);
		if (trial != null && this.nanoTime.getAsLong() - trial >= 0) {
			tryAgain(instance, trial);
		}
		return trial != null;
	}

	private void tryAgain(ServiceInstance instance, Long trial) {
		synchronized (this) {
			if (!trial.equals(this.trials.get(instance))) {
				return;
			}
			replace(instance, next());
		}
		this.probe.ask(instance.getHost(), instance.getPort()).thenAccept((answer) -> {
			if (answer == AddressProbe.Answer.ACCEPTED) {
				logger.info("Calling %s again".formatted(instance));
				replace(instance, null);
			}
		});
	}

	@Override
	public void onComplete(CompletionContext<Object, ServiceInstance, Object> context) {
		Response<ServiceInstance> response = context.getLoadBalancerResponse();
		ServiceInstance chosen = (response != null) ? response.getServer() : null;
		if (context.status() == CompletionContext.Status.FAILED && NeverConnected.is(context.getThrowable())
				&& chosen != null) {
			eject(RotationSupplier.address(chosen));
		}
	}

	private void eject(String address) {
		for (ServiceInstance instance : this.registered.get()) {
			if (RotationSupplier.address(instance).equals(address)) {
				if (!this.trials.containsKey(instance)) {
					logger.info("Not calling %s for now: no connection could be made".formatted(instance));
				}
				replace(instance, next());
			}
		}
	}

	private Long next() {
		return this.nanoTime.getAsLong() + INTERVAL.toNanos();
	}

	/**
	 * Those that the catalog no longer has are forgotten by the way.
	 */
	private synchronized void replace(ServiceInstance instance, @Nullable Long trial) {
		Map<ServiceInstance, Long> next = new IdentityHashMap<>();
		for (ServiceInstance registered : this.registered.get()) {
			Long at = (registered == instance) ? trial : this.trials.get(registered);
			if (at != null) {
				next.put(registered, at);
			}
		}
		this.trials = next;
	}

	@Override
	public void onStart(Request<Object> request) {
	}

	@Override
	public void onStartRequest(Request<Object> request, Response<ServiceInstance> response) {
	}

}
