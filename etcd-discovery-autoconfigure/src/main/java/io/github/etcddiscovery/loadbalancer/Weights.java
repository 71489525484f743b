package io.github.etcddiscovery.loadbalancer;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

import org.springframework.cloud.client.ServiceInstance;

/**
 * Chooses one instance by the weights in the metadata, in place of Spring Cloud's
 * supplier, which takes a weight of zero for one and makes an array as long as the sum of
 * the weights. In as many choices as the sum, each instance is chosen as often as its
 * weight says, evenly spread. A weight that is not a whole number from 0 to 2147483647 is
 * 1. Safe for use by any thread.
 */
final class Weights implements UnaryOperator<List<ServiceInstance>> {

	private static final double GOLDEN_SECTION = 0.618033988749895;

	private final AtomicLong position = new AtomicLong();

	/**
	 * Choose an instance.
	 * @param instances those to choose from
	 * @return the one that is chosen, or all if there is nothing to choose or none has
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
	 * Leave those out that have no weight.
	 * @param instances those to choose from
	 * @return the others, or all if none has weight
	 */
	static List<ServiceInstance> withWeight(List<ServiceInstance> instances) {
		List<ServiceInstance> others = instances.stream().filter((instance) -> weight(instance) > 0).toList();
		return others.isEmpty() ? instances : others;
	}

	/**
	 * Steps of this length visit every point of the cycle once, and neighbours far apart.
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
