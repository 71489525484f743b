package io.github.etcddiscovery.loadbalancer;

import java.time.Duration;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.CompletionContext;
import org.springframework.cloud.client.loadbalancer.LoadBalancerLifecycle;
import org.springframework.cloud.client.loadbalancer.Request;
import org.springframework.cloud.client.loadbalancer.Response;

/**
 * Counts the calls of this application to the instances of one service that have not been
 * answered yet, and chooses the less loaded of two instances. Reactive clients don't
 * report cancelled calls, so a call no longer counts after {@link #FORGOTTEN_AFTER}. Safe
 * for use by any thread.
 */
final class Loads implements LoadBalancerLifecycle<Object, Object, ServiceInstance> {

	/**
	 * How long a call counts at most.
	 */
	static final Duration FORGOTTEN_AFTER = Duration.ofMinutes(1);

	private final LongSupplier nanoTime;

	/**
	 * Keyed by identity, because equal requests are not the same call.
	 */
	private final Map<Request<?>, Call> calls = new IdentityHashMap<>();

	private final Map<String, Integer> counts = new HashMap<>();

	private long nextSweep;

	/**
	 * Create the loads of a service.
	 * @param nanoTime a monotonic clock
	 */
	Loads(LongSupplier nanoTime) {
		this.nanoTime = nanoTime;
		this.nextSweep = nanoTime.getAsLong();
	}

	/**
	 * Choose the less loaded of two instances.
	 * @param instances the instances to choose from
	 * @param candidate chooses one instance of a list
	 * @return a list of one instance, or {@code instances} if there is nothing to choose
	 */
	List<ServiceInstance> better(List<ServiceInstance> instances, UnaryOperator<List<ServiceInstance>> candidate) {
		if (instances.size() < 2) {
			return instances;
		}
		ServiceInstance one = candidate.apply(instances).get(0);
		List<ServiceInstance> others = instances.stream().filter((instance) -> instance != one).toList();
		ServiceInstance other = candidate.apply(others).get(0);
		return List.of((count(other) < count(one)) ? other : one);
	}

	private synchronized int count(ServiceInstance instance) {
		return this.counts.getOrDefault(RotationSupplier.address(instance), 0);
	}

	@Override
	public synchronized void onStartRequest(Request<Object> request, Response<ServiceInstance> response) {
		ServiceInstance chosen = response.getServer();
		if (chosen != null) {
			long now = this.nanoTime.getAsLong();
			if (now - this.nextSweep >= 0) {
				this.nextSweep = now + FORGOTTEN_AFTER.toNanos() / 10;
				List<Request<?>> old = this.calls.entrySet()
					.stream()
					.filter((call) -> now - call.getValue().began() >= FORGOTTEN_AFTER.toNanos())
					.<Request<?>>map(Map.Entry::getKey)
					.toList();
				old.forEach(this::end);
			}
			end(request);
			Call call = new Call(RotationSupplier.address(chosen), now);
			this.calls.put(request, call);
			this.counts.merge(call.address(), 1, Integer::sum);
		}
	}

	@Override
	public synchronized void onComplete(CompletionContext<Object, ServiceInstance, Object> context) {
		end(context.getLoadBalancerRequest());
	}

	private void end(Request<?> request) {
		Call call = this.calls.remove(request);
		if (call != null) {
			this.counts.computeIfPresent(call.address(), (address, count) -> (count > 1) ? count - 1 : null);
		}
	}

	@Override
	public void onStart(Request<Object> request) {
	}

	private record Call(String address, long began) {

	}

}
