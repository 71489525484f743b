package io.github.etcddiscovery.loadbalancer;

import java.time.Duration;
import java.util.List;

import org.junit.jupiter.api.Test;

import org.springframework.cloud.client.ServiceInstance;

import static io.github.etcddiscovery.loadbalancer.Instances.ONE;
import static io.github.etcddiscovery.loadbalancer.Instances.THREE;
import static io.github.etcddiscovery.loadbalancer.Instances.TWO;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link SlowStart}.
 */
class SlowStartTests {

	private static final Duration DURATION = Duration.ofSeconds(30);

	private long now = Long.MAX_VALUE - 1;

	private double random = 0.5;

	private final SlowStart slowStart = new SlowStart(DURATION, () -> this.now, () -> this.random);

	@Test
	void servesAllThatWereThereFromTheStart() {
		this.random = 0.999;
		assertThat(choose(ONE, TWO)).containsExactly(ONE, TWO);
	}

	@Test
	void leavesANewInstanceOutEverLessOften() {
		choose(ONE);
		choose(ONE, TWO);
		pass(DURATION.multipliedBy(3).dividedBy(10));
		this.random = 0.31;
		assertThat(choose(ONE, TWO)).containsExactly(ONE);
		this.random = 0.29;
		assertThat(choose(ONE, TWO)).containsExactly(ONE, TWO);
		pass(DURATION.multipliedBy(6).dividedBy(10));
		this.random = 0.91;
		assertThat(choose(ONE, TWO)).containsExactly(ONE);
		this.random = 0.89;
		assertThat(choose(ONE, TWO)).containsExactly(ONE, TWO);
		pass(DURATION.dividedBy(10));
		this.random = 0.999;
		assertThat(choose(ONE, TWO)).containsExactly(ONE, TWO);
	}

	@Test
	void servesANewInstanceThatIsTheOnlyChoice() {
		choose(ONE);
		assertThat(this.slowStart.withoutSomeNew(List.of(TWO), List.of(ONE, TWO))).containsExactly(TWO);
		assertThat(this.slowStart.withoutSomeNew(List.of(TWO, THREE), List.of(ONE, TWO, THREE))).containsExactly(TWO,
				THREE);
	}

	@Test
	void startsSlowlyAgainWhenItHasBeenAway() {
		choose(ONE);
		choose(ONE, TWO);
		pass(DURATION);
		assertThat(choose(ONE, TWO)).containsExactly(ONE, TWO);
		choose(ONE);
		assertThat(choose(ONE, TWO)).containsExactly(ONE);
	}

	@Test
	void sparesNobodyInAServiceThatHadNoInstances() {
		choose(ONE);
		choose();
		assertThat(choose(ONE, TWO)).containsExactly(ONE, TWO);
	}

	private List<ServiceInstance> choose(ServiceInstance... registered) {
		return this.slowStart.withoutSomeNew(List.of(registered), List.of(registered));
	}

	private void pass(Duration time) {
		this.now += time.toNanos();
	}

}
