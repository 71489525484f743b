package io.github.etcddiscovery.loadbalancer;

import java.time.Duration;
import java.util.List;

import org.junit.jupiter.api.Test;

import org.springframework.cloud.client.ServiceInstance;

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
		assertThat(choose(Instances.ONE, Instances.TWO)).containsExactly(Instances.ONE, Instances.TWO);
	}

	@Test
	void leavesANewInstanceOutEverLessOften() {
		choose(Instances.ONE);
		choose(Instances.ONE, Instances.TWO);
		pass(DURATION.multipliedBy(3).dividedBy(10));
		this.random = 0.31;
		assertThat(choose(Instances.ONE, Instances.TWO)).containsExactly(Instances.ONE);
		this.random = 0.29;
		assertThat(choose(Instances.ONE, Instances.TWO)).containsExactly(Instances.ONE, Instances.TWO);
		pass(DURATION.multipliedBy(6).dividedBy(10));
		this.random = 0.91;
		assertThat(choose(Instances.ONE, Instances.TWO)).containsExactly(Instances.ONE);
		this.random = 0.89;
		assertThat(choose(Instances.ONE, Instances.TWO)).containsExactly(Instances.ONE, Instances.TWO);
		pass(DURATION.dividedBy(10));
		this.random = 0.999;
		assertThat(choose(Instances.ONE, Instances.TWO)).containsExactly(Instances.ONE, Instances.TWO);
	}

	@Test
	void leavesTheYoungestOutMostOften() {
		List<ServiceInstance> all = List.of(Instances.TWO, Instances.ONE, Instances.THREE);
		choose(Instances.ONE);
		choose(Instances.ONE, Instances.TWO);
		pass(DURATION.dividedBy(2));
		this.slowStart.withoutSomeNew(all, all);
		pass(DURATION.dividedBy(10));
		this.random = 0.05;
		assertThat(this.slowStart.withoutSomeNew(all, all)).isSameAs(all);
		this.random = 0.55;
		assertThat(this.slowStart.withoutSomeNew(all, all)).containsExactlyInAnyOrder(Instances.ONE, Instances.TWO);
		this.random = 0.65;
		assertThat(this.slowStart.withoutSomeNew(all, all)).containsExactly(Instances.ONE);
	}

	@Test
	void servesANewInstanceThatIsTheOnlyChoice() {
		choose(Instances.ONE);
		assertThat(this.slowStart.withoutSomeNew(List.of(Instances.TWO), List.of(Instances.ONE, Instances.TWO)))
			.containsExactly(Instances.TWO);
		assertThat(this.slowStart.withoutSomeNew(List.of(Instances.TWO, Instances.THREE),
				List.of(Instances.ONE, Instances.TWO, Instances.THREE)))
			.containsExactly(Instances.TWO, Instances.THREE);
	}

	@Test
	void startsSlowlyAgainWhenItHasBeenAway() {
		choose(Instances.ONE);
		choose(Instances.ONE, Instances.TWO);
		pass(DURATION);
		assertThat(choose(Instances.ONE, Instances.TWO)).containsExactly(Instances.ONE, Instances.TWO);
		choose(Instances.ONE);
		assertThat(choose(Instances.ONE, Instances.TWO)).containsExactly(Instances.ONE);
	}

	@Test
	void sparesNobodyInAServiceThatHadNoInstances() {
		choose(Instances.ONE);
		choose();
		assertThat(choose(Instances.ONE, Instances.TWO)).containsExactly(Instances.ONE, Instances.TWO);
	}

	private List<ServiceInstance> choose(ServiceInstance... registered) {
		return this.slowStart.withoutSomeNew(List.of(registered), List.of(registered));
	}

	private void pass(Duration time) {
		this.now += time.toNanos();
	}

}
