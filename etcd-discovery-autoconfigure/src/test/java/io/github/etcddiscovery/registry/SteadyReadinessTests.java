package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import io.github.etcddiscovery.core.ManualEventLoop;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link SteadyReadiness}.
 */
class SteadyReadinessTests {

	private static final Duration MOMENT = Duration.ofMillis(1);

	private final ManualEventLoop loop = new ManualEventLoop();

	private final List<Boolean> told = new ArrayList<>();

	private final SteadyReadiness readiness = new SteadyReadiness(this.loop, this.told::add);

	@Test
	void goesAtOnce() {
		this.readiness.changed(false);
		assertThat(this.told).containsExactly(false);
	}

	@Test
	void comesBackWhenItHasLasted() {
		this.readiness.changed(false);
		this.readiness.changed(true);
		this.loop.advance(SteadyReadiness.REST.minus(MOMENT));
		assertThat(this.told).containsExactly(false);
		this.loop.advance(MOMENT);
		assertThat(this.told).containsExactly(false, true);
	}

	@Test
	void staysOutWhileItFlaps() {
		for (int i = 0; i < 10; i++) {
			this.readiness.changed(false);
			this.loop.advance(SteadyReadiness.REST);
			this.readiness.changed(true);
			this.loop.advance(SteadyReadiness.REST.minus(MOMENT));
		}
		assertThat(this.told).containsExactly(false);
		this.loop.advance(MOMENT);
		assertThat(this.told).containsExactly(false, true);
	}

	@Test
	void isNotPutOffByHearingTheSameAgain() {
		this.readiness.changed(true);
		this.readiness.changed(false);
		this.readiness.changed(false);
		this.readiness.changed(true);
		this.loop.advance(SteadyReadiness.REST.minus(MOMENT));
		this.readiness.changed(true);
		this.loop.advance(MOMENT);
		assertThat(this.told).containsExactly(false, true);
	}

	@Test
	void saysNothingAfterAReset() {
		this.readiness.changed(false);
		this.readiness.changed(true);
		this.readiness.reset();
		this.loop.advance(SteadyReadiness.REST);
		assertThat(this.told).containsExactly(false);
		this.readiness.changed(false);
		assertThat(this.told).containsExactly(false, false);
	}

}
