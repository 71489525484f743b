package io.github.etcddiscovery.lease;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.github.etcddiscovery.core.Monitor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Processes that want to lead, with clocks that run at rates of their own, a network that
 * loses and delays, and stops of whole processes and of single threads: at no instant of
 * true time do two of them say that they lead. What people do to the keys by hand is in a
 * second test, since then only fencing can help.
 */
class LeadershipModelTests {

	private static final Duration TTL = Duration.ofSeconds(15);

	/**
	 * A tenth: a clock may lose as much.
	 */
	private static final Duration MARGIN = Duration.ofMillis(1500);

	private static final double SLOWEST = 0.9;

	private static final long STEPS = Long.getLong("model.steps", 1_000_000);

	private static final long SECOND = 1_000_000_000;

	/**
	 * There would be a million steps of it.
	 */
	@BeforeAll
	static void logNothing() {
		((Logger) LoggerFactory.getLogger("io.github.etcddiscovery")).setLevel(Level.OFF);
	}

	@AfterAll
	static void logAgain() {
		((Logger) LoggerFactory.getLogger("io.github.etcddiscovery")).setLevel(null);
	}

	@Test
	@DisplayName("row L13: clocks drift, and all else goes wrong")
	void neverHasTwoLeadersAtOneInstantOfTrueTime() {
		Model model = new Model(new Random(20261128), 5, SLOWEST);
		model.run(STEPS, true);
		assertThat(model.terms).as("terms").isGreaterThan(STEPS / 10_000);
	}

	@ParameterizedTest
	@ValueSource(longs = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 })
	void hasOneLeaderAndNoGhostAfterWhateverIsDoneToTheKeys(long seed) {
		Model model = new Model(new Random(seed), 4, SLOWEST);
		model.byHand = true;
		model.run(5_000, false);
		model.calm();
	}

	private static final class Model {

		private final SimulatedWorld world;

		private final SimulatedEtcd etcd;

		private final List<Process> processes = new ArrayList<>();

		private boolean byHand;

		private boolean troubled = true;

		private long terms;

		private long lastToken;

		private @Nullable Process lastLeader;

		Model(Random random, int size, double slowest) {
			this.world = new SimulatedWorld(random);
			this.etcd = new SimulatedEtcd(this.world, TTL);
			for (int i = 0; i < size; i++) {
				double rate = (i == 0) ? slowest : slowest + random.nextDouble() * 0.2;
				this.processes.add(new Process(this, rate));
			}
			trouble();
		}

		void run(long steps, boolean checked) {
			for (long step = 0; step < steps; step++) {
				this.world.step();
				if (checked) {
					check();
				}
			}
		}

		private void check() {
			Process leader = null;
			for (Process process : this.processes) {
				if (process.isLeader()) {
					assertThat(leader).as("another leader at %d ns, beside %s", this.world.now(), process).isNull();
					leader = process;
				}
			}
		}

		/**
		 * Nothing more goes wrong: soon one of those who want to leads, and nothing is
		 * left of the others.
		 */
		void calm() {
			this.troubled = false;
			this.processes.forEach((process) -> process.link.lossy(0));
			long end = this.world.now() + 120 * SECOND;
			while (this.world.now() < end) {
				this.world.step();
			}
			List<Process> wanting = this.processes.stream().filter((process) -> process.wanting).toList();
			assertThat(this.processes.stream().filter(Process::isLeader)).hasSize(Math.min(wanting.size(), 1));
			assertThat(this.etcd.entries()).hasSize(wanting.size());
		}

		private void trouble() {
			Random random = this.world.random();
			this.world.after(random.nextLong(5 * SECOND), () -> {
				if (!this.troubled) {
					return;
				}
				Process process = this.processes.get(random.nextInt(this.processes.size()));
				switch (random.nextInt(this.byHand ? 12 : 10)) {
					case 0 -> process.link.cut(random.nextLong(40 * SECOND));
					case 1 -> this.processes.forEach((each) -> each.link.cut(random.nextLong(20 * SECOND)));
					case 2 -> process.stop(random.nextLong(30 * SECOND));
					case 3 -> process.loop.hold(random.nextLong(30 * SECOND));
					case 4 -> process.link.lossy(random.nextInt(4) * 0.2);
					case 5 -> this.etcd.elect();
					case 6, 7 -> process.want(random.nextInt(3) > 0);
					case 8 -> process.yield();
					case 9 -> process.link.cut(random.nextLong(4 * SECOND));
					case 10 -> this.etcd.entries().keySet().stream().findAny().ifPresent(this.etcd::delete);
					default -> this.etcd.leases().keySet().stream().findAny().ifPresent(this.etcd::revoke);
				}
				trouble();
			});
		}

		private void granted(Process process, Tenure tenure) {
			this.terms++;
			if (!this.byHand) {
				assertThat(tenure.token()).as("the token grows from leader to leader")
					.isGreaterThanOrEqualTo(this.lastToken);
				assertThat(tenure.token() == this.lastToken).as("a token is one leader's")
					.isEqualTo(process == this.lastLeader && tenure.token() == this.lastToken);
			}
			this.lastToken = tenure.token();
			this.lastLeader = process;
		}

	}

	private static final class Process implements Contender.Listener {

		private final Model model;

		private final SimulatedWorld.Loop loop;

		private final SimulatedWorld.Loop watchdog;

		private final SimulatedEtcd.Link link;

		private final Contender contender;

		private boolean wanting = true;

		private @Nullable Tenure tenure;

		Process(Model model, double rate) {
			this.model = model;
			this.loop = model.world.new Loop(rate);
			this.watchdog = model.world.new Loop(rate);
			this.link = model.etcd.new Link(this.loop);
			ProcessLease lease = new ProcessLease(this.link, this.loop, TTL, Monitor.NONE);
			LeasedQueues queues = new LeasedQueues(this.link, this.link::watches, lease, MARGIN, this.watchdog,
					Duration.ofSeconds(5));
			this.contender = queues.contender("leaders/billing/", "p", this);
			this.contender.enter();
		}

		/**
		 * Who is stopped does nothing.
		 */
		boolean isLeader() {
			return this.tenure != null && !this.watchdog.isHeld() && this.tenure.isValid();
		}

		void stop(long nanos) {
			this.loop.hold(nanos);
			this.watchdog.hold(nanos);
		}

		void want(boolean wanting) {
			this.wanting = wanting;
			if (wanting) {
				this.contender.enter();
			}
			else {
				this.contender.leave();
			}
		}

		void yield() {
			if (this.wanting) {
				this.contender.leave();
				this.contender.enter();
			}
		}

		@Override
		public void granted(Tenure tenure) {
			assertThat(this.tenure).as("the last tenure was ended").isNull();
			this.tenure = tenure;
			this.model.granted(this, tenure);
		}

		@Override
		public void ended(Tenure tenure) {
			assertThat(this.tenure).isSameAs(tenure);
			this.tenure = null;
		}

	}

}
