package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.ManualEventLoop;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.lease.LeaseStatus;
import io.github.etcddiscovery.lease.LeaseStatus.State;
import io.github.etcddiscovery.lease.ProcessLease;
import io.github.etcddiscovery.registry.FakeRequest.Operation;
import io.github.etcddiscovery.registry.RegistrationChange.Type;
import io.github.etcddiscovery.watch.Entry;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

/**
 * Whatever happens to {@link LeasedRegistrations}, in whatever order: while it happens it
 * harms nobody and claims nothing that it cannot know, and once it is over etcd holds
 * what is wanted.
 */
class LeasedRegistrationsModelTests {

	private static final int RUNS = Integer.getInteger("model.runs", 250);

	private static final int STEPS = 150;

	@Test
	void convergesAfterAnything() {
		long first = Long.getLong("model.seed", System.nanoTime());
		for (long seed = first; seed < first + RUNS; seed++) {
			Run run = new Run(seed);
			try {
				run.storm();
				run.calm();
			}
			catch (Throwable ex) {
				// The jitter of the retries is not seeded: a seed may need a few runs
				fail("Seed %d: -Dmodel.seed=%d -Dmodel.runs=1%n%s".formatted(seed, seed, String.join("\n", run.steps)),
						ex);
			}
		}
	}

	/**
	 * One process, its etcd and what it is told to do.
	 */
	private static final class Run {

		private static final Duration TTL = Duration.ofSeconds(6);

		private static final List<String> KEYS = List.of("services/a/one", "services/b/one", "services/c/one");

		private static final List<Kind> KINDS = List.of(Kind.values());

		private static final String OURS = "http://10.0.0.1:8080#";

		private static final String FOREIGN = "http://10.9.9.9:8080#";

		private final List<String> steps = new ArrayList<>();

		private final Random random;

		private final ManualEventLoop loop = new ManualEventLoop();

		private final FakeEtcd etcd = new FakeEtcd(this.loop);

		private final LeasedRegistrations registrations;

		private final List<FakeRequest> pending = new ArrayList<>();

		private final List<CompletableFuture<Void>> outcomes = new ArrayList<>();

		private final Map<String, String> wanted = new TreeMap<>();

		private final Set<String> held = new HashSet<>();

		private final Map<String, Type> told = new HashMap<>();

		private final Set<Long> foreignLeases = new HashSet<>();

		private int values;

		private double trouble;

		Run(long seed) {
			this.random = new Random(seed);
			this.etcd.script(this::answer);
			this.etcd.onOverwrite(this::requireOurs);
			this.registrations = new LeasedRegistrations(this.etcd, this.etcd::watch,
					new ProcessLease(this.etcd, this.loop, TTL, Monitor.NONE), Duration.ofSeconds(2), this::changed);
		}

		void storm() {
			for (int step = 0; step < STEPS; step++) {
				this.trouble = this.random.nextInt(3) / 2.0;
				step();
				this.loop.runDue();
				requireHonesty();
			}
		}

		/**
		 * All that was left open is answered, one way or another, nobody interferes any
		 * more, and some time passes.
		 */
		void calm() {
			log("calm");
			this.trouble = 0;
			this.etcd.releaseWatches();
			this.etcd.applyLateOnes();
			while (!this.pending.isEmpty()) {
				answerOne();
				this.loop.runDue();
			}
			this.foreignLeases.forEach(this.etcd::endLease);
			this.loop.advance(TTL.multipliedBy(8));
			this.registrations.release();
			this.loop.runDue();
			requireHonesty();
			requireConverged();
		}

		private void step() {
			String key = KEYS.get(this.random.nextInt(KEYS.size()));
			switch (this.random.nextInt(22)) {
				case 0, 1 -> {
					this.wanted.put(key, OURS + ++this.values);
					log("register %s %s", key, this.wanted.get(key));
					this.outcomes.add(this.registrations.register(key, this.wanted.get(key), this::isOurs));
				}
				case 2 -> {
					this.wanted.computeIfPresent(key, (ignored, last) -> OURS + ++this.values);
					log("update %s %s", key, this.wanted.get(key));
					this.outcomes
						.add(this.registrations.update(key, this.wanted.getOrDefault(key, "none"), this::isOurs));
				}
				case 3 -> {
					log("deregister %s", key);
					this.wanted.remove(key);
					this.outcomes.add(this.registrations.deregister(key));
				}
				case 4 -> {
					log("delete %s", key);
					this.etcd.delete(key);
				}
				case 5 -> {
					log("write %s without a lease", key);
					this.etcd.write(key, FOREIGN + ++this.values, 0);
				}
				case 6 -> foreignWrite(key);
				case 7 -> {
					log("end a foreign lease");
					this.foreignLeases.stream().findFirst().ifPresent((lease) -> {
						this.foreignLeases.remove(lease);
						this.etcd.endLease(lease);
					});
				}
				case 8 -> {
					log("end our lease");
					this.etcd.endLease(this.registrations.status().leaseId());
				}
				case 9 -> {
					log("break watches");
					this.etcd.breakWatches();
				}
				case 10 -> {
					log("hold watches");
					this.etcd.holdWatches();
				}
				case 11 -> {
					log("release watches");
					this.etcd.releaseWatches();
				}
				case 12 -> {
					if (this.random.nextInt(6) == 0) {
						log("wipe");
						this.etcd.wipe();
						this.foreignLeases.clear();
					}
				}
				case 13 -> {
					log("late writes happen");
					this.etcd.applyLateOnes();
				}
				case 14 -> {
					Duration pause = millis(2 * TTL.toMillis());
					log("pause %s", pause);
					this.loop.pause(pause);
				}
				case 15, 16 -> {
					Duration time = millis(TTL.toMillis());
					log("advance %s", time);
					this.loop.advance(time);
				}
				case 17 -> {
					Duration time = millis(300);
					log("advance %s", time);
					this.loop.advance(time);
				}
				case 18 -> {
					log("prepare");
					this.registrations.prepare();
				}
				case 19 -> {
					log("release");
					this.outcomes.add(this.registrations.release());
				}
				default -> answerOne();
			}
		}

		/**
		 * Somebody else takes the key, serving the same address or another.
		 */
		private void foreignWrite(String key) {
			String value = ((this.random.nextInt(3) == 0) ? OURS : FOREIGN) + ++this.values;
			long lease = this.etcd.foreignLease();
			log("foreign write %s %s lease %x", key, value, lease);
			this.foreignLeases.add(lease);
			this.etcd.write(key, value, lease);
		}

		private void answerOne() {
			if (!this.pending.isEmpty()) {
				FakeRequest request = this.pending.remove(this.random.nextInt(this.pending.size()));
				answerSomehow(request);
			}
		}

		private void answer(FakeRequest request) {
			if (request.operation() == Operation.RENEW) {
				long underWay = this.pending.stream()
					.filter((other) -> other.operation() == Operation.RENEW && !other.isAnswered())
					.count();
				assertThat(underWay).as("renewals under way already").isZero();
			}
			if (this.random.nextDouble() * 2 >= this.trouble) {
				log("  %s", request.operation());
				request.complete();
			}
			else if (this.random.nextBoolean()) {
				boolean applied = this.random.nextBoolean();
				log("  %s held, %s", request.operation(), applied ? "applied" : "not applied");
				if (applied) {
					request.apply();
				}
				this.pending.add(request);
			}
			else {
				answerSomehow(request);
			}
		}

		private void answerSomehow(FakeRequest request) {
			Kind kind = KINDS.get(this.random.nextInt(KINDS.size()));
			if (kind == Kind.LEASE_NOT_FOUND) {
				// Only etcd itself may say so
				kind = Kind.OVERLOADED;
			}
			switch (this.random.nextInt(4)) {
				case 0 -> {
					log("  %s completed", request.operation());
					request.complete();
				}
				case 1 -> {
					log("  %s failed, %s", request.operation(), kind);
					request.fail(kind);
				}
				case 2 -> {
					log("  %s applied and failed, %s", request.operation(), kind);
					request.apply();
					request.fail(kind);
				}
				default -> {
					log("  %s failed, to happen late", request.operation());
					this.etcd.applyLate(request);
				}
			}
		}

		private void changed(RegistrationChange change) {
			log("  %s %s lease %x", change.type(), change.key(), change.leaseId());
			Type last = this.told.put(change.key(), change.type());
			switch (change.type()) {
				case REGISTERED, RECOVERED -> {
					LeaseStatus status = this.registrations.status();
					assertThat(status.state()).isEqualTo(State.ALIVE);
					assertThat(status.remaining()).isPositive();
					assertThat(status.leaseId()).isEqualTo(change.leaseId()).isNotZero();
					assertThat(last).isNotIn(Type.REGISTERED, Type.RECOVERED);
					assertThat(this.held.add(change.key())).isEqualTo(change.type() == Type.REGISTERED);
				}
				case LOST -> assertThat(last).isIn(Type.REGISTERED, Type.RECOVERED);
				case CONFLICTED -> assertThat(last).isNotEqualTo(Type.CONFLICTED);
				case STANDING_BY -> fail("no key is shared");
				case DEREGISTERED -> this.held.remove(change.key());
			}
		}

		/**
		 * Of what somebody else keeps alive only a predecessor's is taken, never twice,
		 * and none is deleted.
		 */
		private void requireOurs(FakeEtcd.Overwrite overwrite) {
			Entry last = overwrite.last();
			if (this.foreignLeases.contains(last.lease())) {
				assertThat(overwrite.leaseId()).as("deleted %s", last).isNotZero();
				assertThat(isOurs(last.value())).as("overwrote %s", last).isTrue();
				assertThat(this.held).as("overwrote %s", last).doesNotContain(last.key());
			}
		}

		private void requireHonesty() {
			boolean alive = !this.registrations.status().remaining().isZero();
			for (String key : KEYS) {
				boolean claimed = this.registrations.isRegistered(key);
				Type last = this.told.get(key);
				assertThat(claimed).isEqualTo(alive && (last == Type.REGISTERED || last == Type.RECOVERED));
			}
		}

		private void requireConverged() {
			Map<String, String> values = this.etcd.entries()
				.values()
				.stream()
				.filter((entry) -> entry.lease() != 0)
				.collect(Collectors.toMap(Entry::key, Entry::value));
			assertThat(values).isEqualTo(this.wanted);
			LeaseStatus status = this.registrations.status();
			if (this.wanted.isEmpty()) {
				assertThat(this.etcd.leases()).isEmpty();
				assertThat(status.state()).isEqualTo(State.IDLE);
			}
			else {
				assertThat(this.etcd.leases()).containsExactly(status.leaseId());
				assertThat(status.state()).isEqualTo(State.ALIVE);
			}
			assertThat(this.wanted.keySet()).allMatch(this.registrations::isRegistered);
			assertThat(this.registrations.states().keySet()).isEqualTo(this.wanted.keySet());
			assertThat(this.outcomes).allMatch(CompletableFuture::isDone);
			assertThat(this.etcd.openWatches()).isEqualTo(this.wanted.size());
		}

		private boolean isOurs(String value) {
			return value.startsWith(OURS);
		}

		private Duration millis(long bound) {
			return Duration.ofMillis(1 + this.random.nextInt((int) bound));
		}

		private void log(String step, Object... arguments) {
			this.steps.add(step.formatted(arguments));
		}

	}

}
