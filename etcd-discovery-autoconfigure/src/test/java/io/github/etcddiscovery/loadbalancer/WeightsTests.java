package io.github.etcddiscovery.loadbalancer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.cloud.client.ServiceInstance;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Weights}.
 */
class WeightsTests {

	private final Weights weights = new Weights();

	@Test
	void choosesInProportion() {
		List<ServiceInstance> instances = instances("1", "3", "6");
		assertThat(choices(instances, 10)).containsExactly(1, 3, 6);
		assertThat(choices(instances, 100)).containsExactly(10, 30, 60);
	}

	@Test
	void spreadsTheChoicesOfTheHeaviest() {
		List<ServiceInstance> instances = instances("50", "50");
		assertThat(IntStream.range(0, 20).mapToObj((i) -> this.weights.apply(instances)).distinct().count())
			.isEqualTo(2);
		int longest = 0;
		int run = 0;
		ServiceInstance last = null;
		for (int i = 0; i < 200; i++) {
			ServiceInstance next = this.weights.apply(instances).get(0);
			run = (next == last) ? run + 1 : 1;
			longest = Math.max(longest, run);
			last = next;
		}
		assertThat(longest).isLessThanOrEqualTo(2);
	}

	@Test
	void callsNobodyWithoutWeightAsLongAsAnotherHasSome() {
		assertThat(choices(instances("0", "2", "0"), 20)).containsExactly(0, 20, 0);
	}

	@Test
	void callsAllWhenNobodyHasWeight() {
		List<ServiceInstance> instances = instances("0", "0");
		assertThat(this.weights.apply(instances)).isSameAs(instances);
	}

	@ParameterizedTest
	@ValueSource(strings = { "-1", "1.5", "much", "", "99999999999", "-2147483648" })
	void takesWhatIsNoWeightForOne(String weight) {
		assertThat(choices(instances(weight, "1"), 20)).containsExactly(10, 10);
	}

	@Test
	void takesAnInstanceThatSaysNothingForOne() {
		List<ServiceInstance> instances = List.of(Instances.ONE, Instances.instance(2, Map.of("weight", "4")));
		assertThat(choices(instances, 10)).containsExactly(2, 8);
	}

	@Test
	void bearsHugeWeights() {
		String most = String.valueOf(Integer.MAX_VALUE);
		List<ServiceInstance> instances = instances(Stream.generate(() -> most).limit(10_000).toArray(String[]::new));
		assertThat(this.weights.apply(instances)).hasSize(1);
		List<Integer> choices = choices(instances(most, most, "1"), 100);
		assertThat(choices.get(0)).isBetween(45, 55);
		assertThat(choices.get(1)).isBetween(45, 55);
	}

	@Test
	void hasNothingToChooseFromNothing() {
		assertThat(this.weights.apply(List.of())).isEmpty();
	}

	private List<Integer> choices(List<ServiceInstance> instances, int number) {
		Map<ServiceInstance, Integer> counts = new HashMap<>();
		for (int i = 0; i < number; i++) {
			counts.merge(this.weights.apply(instances).get(0), 1, Integer::sum);
		}
		return instances.stream().map((instance) -> counts.getOrDefault(instance, 0)).toList();
	}

	private static List<ServiceInstance> instances(String... weights) {
		List<ServiceInstance> instances = new ArrayList<>();
		for (String weight : weights) {
			instances.add(Instances.instance(instances.size() + 1, Map.of("weight", weight)));
		}
		return instances;
	}

}
