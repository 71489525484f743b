package io.github.etcddiscovery.loadbalancer;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

import org.springframework.cloud.client.ServiceInstance;

/**
 * Chooses one instance by the weights in the metadata. Replaces Spring Cloud's supplier,
 * which treats a weight of 0 as 1 and allocates an array as long as the sum of the
 * weights. Over as many choices as that sum, each instance is chosen as often as its
 * weight, evenly spread. A weight that is not a whole number from 0 to 2147483647 counts
 * as 1. Safe for use by any thread.
 */
final class Weights implements UnaryOperator<List<ServiceInstance>> {

	private static final double GOLDEN_SECTION = 0.618033988749895;

	private final AtomicLong position = new AtomicLong();

	/**
	 * Choose an instance.
	 * @param instances the instances to choose from
	 * @return the chosen instance, or all if there is nothing to choose or none has
	 * weight
	 */
	@Override
	public List<ServiceInstance> apply(List<ServiceInstance> instances) {
		int[] weights = instances.stream().mapToInt(Weights::weight).toArray();
		long sum = 0;
		for (int weight : weights) {
			sum += weight;
		}
		if (sum == 0) {
			return instances;
		}
		long cycle = sum;
		long step = step(cycle);
		long point = this.position.updateAndGet((last) -> (last % cycle + step) % cycle);
		int chosen = 0;
		while (point >= weights[chosen]) {
			point -= weights[chosen++];
		}
		return List.of(instances.get(chosen));
	}

	/**
	 * Leave out instances of weight 0.
	 * @param instances the instances to choose from
	 * @return the remaining instances, or all if none has weight
	 */
	static List<ServiceInstance> withWeight(List<ServiceInstance> instances) {
		List<ServiceInstance> others = instances.stream().filter((instance) -> weight(instance) > 0).toList();
		return others.isEmpty() ? instances : others;
	}

	/**
	 * A step that visits every point of the cycle once, and neighbouring points far apart
	 * in time.
	 */
	private static long step(long cycle) {
		long step = Math.max(1, (long) (cycle * GOLDEN_SECTION));
		while (greatestCommonDivisor(step, cycle) != 1) {
			step++;
		}
		return step;
	}

	private static long greatestCommonDivisor(long a, long b) {
		return (b == 0) ? a : greatestCommonDivisor(b, a % b);
	}

	private static int weight(ServiceInstance instance) {
		Map<String, String> metadata = instance.getMetadata();
		String weight = (metadata != null) ? metadata.get("weight") : null;
		try {
			int parsed = (weight != null) ? Integer.parseInt(weight) : 1;
			return (parsed >= 0) ? parsed : 1;
		}
		catch (NumberFormatException ex) {
			return 1;
		}
	}

}
