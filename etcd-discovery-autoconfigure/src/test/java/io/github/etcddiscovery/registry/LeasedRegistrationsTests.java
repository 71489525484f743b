package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.ManualEventLoop;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.lease.LeaseStatus;
import io.github.etcddiscovery.lease.LeaseStatus.State;
import io.github.etcddiscovery.lease.LossCause;
import io.github.etcddiscovery.lease.ProcessLease;
import io.github.etcddiscovery.registry.FakeRequest.Operation;
import io.github.etcddiscovery.registry.RegistrationChange.Type;
import io.github.etcddiscovery.watch.Entry;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link LeasedRegistrations}, on an etcd in memory and a clock that stands
 * still.
 */
@ExtendWith(OutputCaptureExtension.class)
class LeasedRegistrationsTests {

	private static final Duration TTL = Duration.ofSeconds(15);

	private static final Duration THIRD = TTL.dividedBy(3);

	private static final Duration MOMENT = Duration.ofMillis(1);

	/**
	 * Longer than any delay of a first retry.
	 */
	private static final Duration SOON = Duration.ofSeconds(1);

	private static final String KEY = "services/myapp/one";

	private static final String OTHER_KEY = "services/myapp-grpc/one";

	private static final String VALUE = "http://10.0.0.1:8080";

	private static final String NEXT_VALUE = "http://10.0.0.1:8080?status=DOWN";

	private static final String FOREIGN_VALUE = "http://10.9.9.9:8080";

	private static final Predicate<String> SAME_ADDRESS = (other) -> other.startsWith(VALUE);

	/**
	 * One write under one lease of the process.
	 */
	@Nested
	class Registering extends Fixture {

		@Test
		void asksNothingOfEtcdBeforeTheFirstRegistration() {
			this.loop.advance(TTL.multipliedBy(3));
			assertThat(this.etcd.leases()).isEmpty();
			assertThat(this.etcd.count(Operation.GRANT)).isZero();
			assertThat(this.registrations.status()).isEqualTo(new LeaseStatus(State.IDLE, 0, Duration.ZERO));
		}

		@Test
		void registersUnderALease() {
			CompletableFuture<Void> outcome = register(KEY, VALUE);
			assertThat(outcome).isCompleted();
			assertThat(entry(KEY).value()).isEqualTo(VALUE);
			assertThat(this.etcd.leases()).containsExactly(entry(KEY).lease());
			assertThat(this.registrations.status()).isEqualTo(new LeaseStatus(State.ALIVE, entry(KEY).lease(), TTL));
			assertThat(this.registrations.isRegistered(KEY)).isTrue();
			assertThat(this.changes)
				.containsExactly(new RegistrationChange(Type.REGISTERED, KEY, entry(KEY).lease(), null));
		}

		@Test
		void registersWithOneRequest() {
			register(KEY, VALUE);
			this.loop.advance(TTL);
			assertThat(this.etcd.count(Operation.READ)).isZero();
			assertThat(this.etcd.count(Operation.PUT)).isEqualTo(1);
		}

		@Test
		void registersUnderALeaseThatWasPrepared() {
			this.registrations.prepare();
			this.loop.runDue();
			assertThat(this.registrations.status().state()).isEqualTo(State.ALIVE);
			assertThat(this.changes).isEmpty();
			register(KEY, VALUE);
			assertThat(this.etcd.count(Operation.GRANT)).isEqualTo(1);
			assertThat(this.etcd.leases()).containsExactly(entry(KEY).lease());
		}

		@Test
		void keepsAPreparedLeaseUntilItIsNeeded() {
			this.registrations.prepare();
			this.loop.advance(TTL.multipliedBy(3));
			register(KEY, VALUE);
			assertThat(this.etcd.count(Operation.GRANT)).isEqualTo(1);
		}

		@Test
		void givesAPreparedLeaseUpThatNothingNeeded() {
			this.registrations.prepare();
			this.loop.runDue();
			assertThat(release()).isCompleted();
			assertThat(this.etcd.leases()).isEmpty();
			assertThat(this.registrations.status().state()).isEqualTo(State.IDLE);
			register(KEY, VALUE);
			assertThat(this.registrations.isRegistered(KEY)).isTrue();
		}

		@Test
		void revokesAPreparedLeaseThatIsGrantedWhenItIsGivenUpAlready() {
			List<FakeRequest> grants = this.etcd.hold(Operation.GRANT);
			this.registrations.prepare();
			this.loop.runDue();
			release();
			grants.get(0).complete();
			this.loop.runDue();
			assertThat(this.etcd.leases()).isEmpty();
		}

		@Test
		void keepsTheLeaseOfWhatIsRegistered() {
			register(KEY, VALUE);
			assertThat(release()).isCompleted();
			assertThat(this.registrations.isRegistered(KEY)).isTrue();
		}

		@Test
		void triesAtOnceWhenALeaseCouldNotBePrepared() {
			this.etcd.failAll(Kind.PERMISSION_DENIED);
			this.registrations.prepare();
			this.loop.advance(SOON);
			int grants = this.etcd.count(Operation.GRANT);
			assertThat(register(KEY, VALUE)).as("not after the delay of the lease")
				.failsWithin(Duration.ZERO)
				.withThrowableThat()
				.havingCause()
				.isInstanceOf(EtcdAccessException.class);
			assertThat(this.etcd.count(Operation.GRANT) - grants).isEqualTo(1);
			register(OTHER_KEY, VALUE);
			assertThat(this.etcd.count(Operation.GRANT) - grants).as("once").isEqualTo(1);
		}

		@Test
		void asksForOneLeaseWhileOneIsBeingPrepared() {
			List<FakeRequest> grants = this.etcd.hold(Operation.GRANT);
			this.registrations.prepare();
			register(KEY, VALUE);
			assertThat(grants).hasSize(1);
			grants.get(0).complete();
			this.loop.runDue();
			assertThat(this.registrations.isRegistered(KEY)).isTrue();
		}

		@Test
		void sharesOneLeaseAmongAllRegistrations() {
			register(KEY, VALUE);
			register(OTHER_KEY, VALUE);
			assertThat(this.etcd.leases()).hasSize(1);
			assertThat(entry(OTHER_KEY).lease()).isEqualTo(entry(KEY).lease());
			assertThat(this.registrations.states()).containsOnly(Map.entry(KEY, RegistrationState.REGISTERED),
					Map.entry(OTHER_KEY, RegistrationState.REGISTERED));
		}

		@Test
		void changesAValueUnderTheSameLease() {
			register(KEY, VALUE);
			long lease = entry(KEY).lease();
			assertThat(register(KEY, NEXT_VALUE)).isCompleted();
			assertThat(entry(KEY).value()).isEqualTo(NEXT_VALUE);
			assertThat(entry(KEY).lease()).isEqualTo(lease);
			assertThat(types()).containsExactly(Type.REGISTERED);
		}

		@Test
		void doesNotUpdateWhatIsNotRegistered() {
			CompletableFuture<Void> outcome = this.registrations.update(KEY, VALUE, SAME_ADDRESS);
			this.loop.advance(SOON);
			assertThat(outcome).isCompleted();
			assertThat(this.etcd.entries()).isEmpty();
		}

		@Test
		void updatesWhatIsStillBeingRegistered() {
			this.etcd.failAll(Kind.UNREACHABLE);
			register(KEY, VALUE);
			this.registrations.update(KEY, NEXT_VALUE, SAME_ADDRESS);
			this.etcd.calm();
			this.loop.advance(SOON);
			assertThat(entry(KEY).value()).isEqualTo(NEXT_VALUE);
		}

		@Test
		void saysHowARegistrationStands() {
			this.etcd.fail(Kind.UNREACHABLE, Operation.GRANT);
			register(KEY, VALUE);
			assertThat(this.registrations.state(KEY)).isEqualTo(RegistrationState.PENDING);
			this.etcd.calm();
			this.loop.advance(THIRD);
			assertThat(this.registrations.state(KEY)).isEqualTo(RegistrationState.REGISTERED);
			this.etcd.failAll(Kind.UNREACHABLE);
			this.loop.advance(TTL.multipliedBy(2));
			assertThat(this.registrations.state(KEY)).isEqualTo(RegistrationState.LOST);
		}

	}

	/**
	 * The lease is renewed for as long as etcd keeps it, however long etcd was away.
	 */
	@Nested
	class Renewals extends Fixture {

		// Renewal

		@Test
		void renewsEveryThirdOfTheTimeToLive() {
			register(KEY, VALUE);
			this.loop.advance(THIRD.minus(MOMENT));
			assertThat(this.etcd.count(Operation.RENEW)).isZero();
			this.loop.advance(MOMENT);
			assertThat(this.etcd.count(Operation.RENEW)).isEqualTo(1);
			assertThat(this.registrations.status().remaining()).isEqualTo(TTL);
			this.loop.advance(THIRD.multipliedBy(9));
			assertThat(this.etcd.count(Operation.RENEW)).isEqualTo(10);
		}

		@Test
		void tellsTheMonitorOfEachRenewalAndItsEnd() {
			register(KEY, VALUE);
			String lease = Long.toHexString(entry(KEY).lease());
			this.loop.advance(THIRD);
			List<FakeRequest> renewals = this.etcd.hold(Operation.RENEW);
			this.loop.advance(THIRD);
			assertThat(this.monitored).containsExactly("RENEW " + lease + " done");
			renewals.get(0).fail(Kind.TIMED_OUT);
			this.loop.runDue();
			assertThat(this.monitored).containsExactly("RENEW " + lease + " done", "RENEW " + lease + " TIMED_OUT");
		}

		@Test
		void countsTheTimeToLiveFromWhenTheRenewalWasSent() {
			register(KEY, VALUE);
			List<FakeRequest> renewals = this.etcd.hold(Operation.RENEW);
			this.loop.advance(THIRD.plusSeconds(3));
			renewals.get(0).complete();
			this.loop.runDue();
			assertThat(this.registrations.status().remaining()).isEqualTo(TTL.minusSeconds(3));
			this.loop.advance(THIRD.minusSeconds(3));
			assertThat(renewals).as("the slow answer does not put the next renewal off").hasSize(2);
		}

		@Test
		void keepsOneRenewalUnderWay() {
			register(KEY, VALUE);
			List<FakeRequest> renewals = this.etcd.hold(Operation.RENEW);
			this.loop.advance(THIRD);
			this.etcd.delete(KEY);
			this.loop.advance(TTL.minusSeconds(6));
			assertThat(renewals).hasSize(1);
			renewals.get(0).fail(Kind.TIMED_OUT);
			this.loop.advance(SOON);
			assertThat(renewals).hasSize(2);
		}

		@Test
		void renewsTheNewLeaseAfterARenewalOfTheFormerOneIsAnswered() {
			register(KEY, VALUE);
			List<FakeRequest> renewals = this.etcd.hold(Operation.RENEW);
			this.loop.advance(THIRD);
			deregister(KEY);
			register(KEY, VALUE);
			this.loop.advance(THIRD);
			assertThat(renewals).hasSize(1);
			renewals.get(0).complete();
			this.loop.runDue();
			assertThat(renewals).as("that of the former lease said nothing about this one").hasSize(2);
			assertThat(this.registrations.status().state()).isEqualTo(State.ALIVE);
			renewals.get(1).complete();
			this.loop.runDue();
			assertThat(this.registrations.status().remaining()).isEqualTo(TTL);
		}

		@Test
		void survivesTwoLostRenewals() {
			register(KEY, VALUE);
			long lease = entry(KEY).lease();
			List<FakeRequest> renewals = this.etcd.hold(Operation.RENEW);
			this.loop.advance(THIRD);
			for (int lost = 0; lost < 2; lost++) {
				this.loop.advance(TTL.dividedBy(4));
				renewals.get(lost).fail(Kind.TIMED_OUT);
				this.loop.advance(Duration.ofMillis(500));
			}
			renewals.get(2).complete();
			this.loop.runDue();
			assertThat(entry(KEY).lease()).isEqualTo(lease);
			assertThat(types()).containsExactly(Type.REGISTERED);
		}

		@Test
		void triesOnPastTheTimeToLive() {
			register(KEY, VALUE);
			long lease = entry(KEY).lease();
			List<FakeRequest> asked = new ArrayList<>();
			this.etcd.script((request) -> {
				asked.add(request);
				request.fail(Kind.UNREACHABLE);
			});
			this.loop.advance(TTL);
			int before = this.etcd.count(Operation.RENEW);
			this.loop.advance(TTL.multipliedBy(20));
			assertThat(this.etcd.count(Operation.RENEW) - before).isGreaterThan(50);
			assertThat(asked).extracting(FakeRequest::operation).doesNotContain(Operation.GRANT, Operation.PUT);
			assertThat(this.registrations.status().leaseId()).isEqualTo(lease);
			assertThat(this.registrations.status().state()).isEqualTo(State.RECOVERING);
		}

		@Test
		void keepsALeaseThatLivedOnWhenEtcdWasAway() {
			register(KEY, VALUE);
			long lease = entry(KEY).lease();
			long written = entry(KEY).modRevision();
			this.etcd.script((request) -> {
				// A stopped etcd lets no lease end, and gives them their full time later
				if (request.operation() == Operation.RENEW) {
					request.apply();
				}
				request.fail(Kind.UNREACHABLE);
			});
			this.loop.advance(TTL.multipliedBy(4));
			assertThat(types()).containsExactly(Type.REGISTERED, Type.LOST);
			this.etcd.calm();
			this.loop.advance(THIRD);
			assertThat(types()).containsExactly(Type.REGISTERED, Type.LOST, Type.RECOVERED);
			assertThat(entry(KEY).lease()).isEqualTo(lease);
			assertThat(entry(KEY).modRevision()).as("not written again").isEqualTo(written);
			assertThat(this.etcd.count(Operation.GRANT)).isEqualTo(1);
			assertThat(recoveries()).isEqualTo(Map.of(LossCause.NOT_RENEWED, 1L));
		}

		@ParameterizedTest
		@EnumSource(value = Kind.class, names = "LEASE_NOT_FOUND", mode = EnumSource.Mode.EXCLUDE)
		void regrantsOnlyWhenEtcdSaysTheLeaseEnded(Kind kind) {
			register(KEY, VALUE);
			this.etcd.fail(kind, Operation.RENEW);
			this.loop.advance(TTL.multipliedBy(5));
			assertThat(this.etcd.count(Operation.GRANT)).isEqualTo(1);
			this.etcd.calm();
			// It has ended in the meantime, which only now is etcd's word
			this.loop.advance(Duration.ofSeconds(11));
			assertThat(this.etcd.count(Operation.GRANT)).isEqualTo(2);
			assertThat(this.registrations.isRegistered(KEY)).isTrue();
			assertThat(types()).containsExactly(Type.REGISTERED, Type.LOST, Type.RECOVERED);
		}

		@Test
		void survivesAnEtcdThatAsksForFewerRenewals() {
			register(KEY, VALUE);
			this.etcd.fail(Kind.OVERLOADED, Operation.RENEW);
			// The next try comes within another third of the time to live
			this.loop.advance(THIRD.plusSeconds(3));
			this.etcd.calm();
			this.loop.advance(TTL);
			assertThat(types()).containsExactly(Type.REGISTERED);
			assertThat(this.etcd.count(Operation.GRANT)).isEqualTo(1);
		}

		@Test
		void remembersNotEveryLeaseItEverHad() {
			for (int i = 0; i < 300; i++) {
				register(KEY, VALUE);
				deregister(KEY);
			}
			assertThat(this.registrations).extracting("keys.lease.ownLeases", InstanceOfAssertFactories.ITERABLE)
				.hasSizeLessThanOrEqualTo(100);
		}

	}

	/**
	 * A lease that has ended is granted anew, and the keys are written under it.
	 */
	@Nested
	class NewLeases extends Fixture {

		@Test
		void registersAgainAtOnceWhenTheLeaseWasRevoked() {
			register(KEY, VALUE);
			register(OTHER_KEY, VALUE);
			long lease = entry(KEY).lease();
			int puts = this.etcd.count(Operation.PUT);
			this.etcd.endLease(lease);
			this.loop.runDue();
			assertThat(entry(KEY).lease()).isNotEqualTo(lease);
			assertThat(entry(OTHER_KEY).lease()).isEqualTo(entry(KEY).lease());
			assertThat(this.etcd.leases()).hasSize(1);
			assertThat(types(KEY)).containsExactly(Type.REGISTERED, Type.LOST, Type.RECOVERED);
			assertThat(types(OTHER_KEY)).containsExactly(Type.REGISTERED, Type.LOST, Type.RECOVERED);
			assertThat(this.etcd.count(Operation.READ)).isZero();
			assertThat(this.etcd.count(Operation.PUT) - puts).as("one request for each key").isEqualTo(2);
			assertThat(recoveries()).isEqualTo(Map.of(LossCause.LEASE_ENDED, 2L));
		}

		@Test
		void registersAgainInAStoreThatWasWiped() {
			register(KEY, VALUE);
			this.etcd.wipe();
			this.loop.advance(THIRD.plus(SOON));
			assertThat(this.registrations.isRegistered(KEY)).isTrue();
			assertThat(this.etcd.leases()).containsExactly(entry(KEY).lease());
		}

		@Test
		void takesItsKeyBackFromARestoredStoreThatHoldsItUnderAFormerLease() {
			register(KEY, VALUE);
			long former = entry(KEY).lease();
			this.etcd.endLease(former);
			this.loop.runDue();
			long second = entry(KEY).lease();
			this.etcd.endLease(second);
			this.etcd.write(KEY, NEXT_VALUE, former);
			// The second repair within a short time is in less of a hurry
			this.loop.advance(THIRD);
			assertThat(types()).doesNotContain(Type.CONFLICTED);
			assertThat(this.registrations.isRegistered(KEY)).isTrue();
			assertThat(this.etcd.leases()).containsExactly(entry(KEY).lease());
		}

		@Test
		void keepsTryingToBeGrantedALease() {
			this.etcd.failAll(Kind.UNREACHABLE);
			CompletableFuture<Void> outcome = register(KEY, VALUE);
			assertThat(outcome).isCompletedExceptionally();
			this.loop.advance(Duration.ofHours(1));
			assertThat(this.registrations.status().state()).isEqualTo(State.GRANTING);
			assertThat(this.changes).isEmpty();
			this.etcd.calm();
			this.loop.advance(THIRD.plus(SOON));
			assertThat(this.registrations.isRegistered(KEY)).isTrue();
			assertThat(types()).containsExactly(Type.REGISTERED);
		}

		// 19
		@ParameterizedTest
		@EnumSource(value = Operation.class, names = { "GRANT", "READ", "PUT" })
		void retriesWhenEtcdAsksForFewerRequests(Operation operation) {
			if (operation == Operation.READ) {
				// A key that may exist is read first
				register(KEY, NEXT_VALUE);
			}
			this.etcd.fail(Kind.OVERLOADED, operation);
			register(KEY, VALUE);
			Duration asked = Duration.ofMinutes(10);
			this.loop.advance(asked);
			// Jittered around at most a third of the time to live
			assertThat(this.etcd.count(operation)).isBetween(100, 300);
			assertThat(this.etcd.entries().values()).extracting(Entry::value).doesNotContain(VALUE);
			this.etcd.calm();
			this.loop.advance(THIRD.plus(SOON));
			assertThat(entry(KEY).value()).isEqualTo(VALUE);
			assertThat(this.registrations.isRegistered(KEY)).isTrue();
		}

		// 19
		@Test
		void spreadsItsRetriesWhenEtcdAsksForFewerRequests() {
			List<Long> firstRetries = new ArrayList<>();
			for (int client = 0; client < 50; client++) {
				ManualEventLoop loop = new ManualEventLoop();
				FakeEtcd etcd = new FakeEtcd(loop);
				long start = loop.nanoTime();
				List<Long> asked = new ArrayList<>();
				etcd.script((request) -> {
					asked.add(loop.nanoTime() - start);
					request.fail(Kind.OVERLOADED);
				});
				new LeasedRegistrations(etcd, etcd::watch, new ProcessLease(etcd, loop, TTL, Monitor.NONE), SOON,
						(change) -> {
						})
					.register(KEY, VALUE, SAME_ADDRESS);
				loop.advance(SOON);
				firstRetries.add(asked.get(1) / 1_000_000);
			}
			assertThat(firstRetries.stream().distinct().count()).isGreaterThan(20);
		}

		@Test
		void takesWhatItReadUnderItsFormerLeaseForNobodyElses() {
			register(KEY, VALUE);
			List<FakeRequest> reads = this.etcd.hold(Operation.READ);
			register(KEY, NEXT_VALUE);
			reads.get(0).apply();
			this.etcd.endLease(entry(KEY).lease());
			this.loop.runDue();
			reads.get(0).complete();
			this.etcd.calm();
			this.loop.runDue();
			reads.subList(1, reads.size()).forEach(FakeRequest::complete);
			this.loop.runDue();
			assertThat(types()).containsExactly(Type.REGISTERED, Type.LOST, Type.RECOVERED);
			assertThat(entry(KEY).value()).isEqualTo(NEXT_VALUE);
		}

		@Test
		void retriesSoonWhenTheLastTroubleIsLongOver() {
			register(KEY, VALUE);
			this.etcd.fail(Kind.NO_SPACE, Operation.PUT);
			register(KEY, NEXT_VALUE);
			this.loop.advance(TTL.multipliedBy(4));
			this.etcd.calm();
			this.loop.advance(TTL.multipliedBy(4));
			this.etcd.fail(Kind.UNREACHABLE, Operation.READ);
			register(KEY, VALUE);
			this.etcd.calm();
			this.loop.advance(SOON);
			assertThat(entry(KEY).value()).isEqualTo(VALUE);
		}

	}

	/**
	 * No key counts as held once the lease was not renewed for its whole time.
	 */
	@Nested
	class Claims extends Fixture {

		// What it claims

		@Test
		void claimsNothingOnceTheLeaseWasNotRenewed() {
			register(KEY, VALUE);
			this.etcd.hold(Operation.RENEW);
			this.loop.advance(TTL.minus(MOMENT));
			assertThat(this.registrations.isRegistered(KEY)).isTrue();
			this.loop.advance(MOMENT);
			assertThat(this.registrations.isRegistered(KEY)).isFalse();
			assertThat(this.registrations.status().remaining()).isZero();
		}

		@Test
		void tellsThatItIsLostBeforeItAsksEtcdAfterAPauseLongerThanTheTimeToLive() {
			register(KEY, VALUE);
			List<List<Type>> told = new ArrayList<>();
			this.etcd.script((request) -> {
				told.add(types());
				request.complete();
			});
			this.loop.pause(TTL.multipliedBy(2));
			this.loop.runDue();
			assertThat(told.get(0)).containsExactly(Type.REGISTERED, Type.LOST);
			assertThat(types()).containsExactly(Type.REGISTERED, Type.LOST, Type.RECOVERED);
			assertThat(this.registrations.isRegistered(KEY)).isTrue();
		}

		@Test
		void noticesNothingOfAPauseShorterThanTwoThirdsOfTheTimeToLive() {
			register(KEY, VALUE);
			this.loop.advance(THIRD.minus(MOMENT));
			this.loop.pause(THIRD.multipliedBy(2));
			this.loop.runDue();
			this.loop.advance(TTL);
			assertThat(types()).containsExactly(Type.REGISTERED);
		}

		@Test
		void claimsNothingByAnAnswerThatWasUnderWayDuringALongPause() {
			register(KEY, VALUE);
			List<FakeRequest> renewals = this.etcd.hold(Operation.RENEW);
			this.loop.advance(THIRD);
			renewals.get(0).complete();
			this.loop.pause(TTL.plus(SOON));
			this.loop.runDue();
			assertThat(this.registrations.isRegistered(KEY)).isFalse();
			assertThat(renewals).as("renewed at once").hasSize(2);
			renewals.get(1).complete();
			this.etcd.calm();
			this.loop.runDue();
			assertThat(this.registrations.isRegistered(KEY)).isTrue();
			assertThat(types()).containsExactly(Type.REGISTERED, Type.LOST, Type.RECOVERED);
		}

		@Test
		void claimsNothingByAWriteWhileTheLeaseIsNotRenewed() {
			register(KEY, VALUE);
			this.etcd.script((request) -> {
				if (request.operation() == Operation.RENEW) {
					request.apply();
					request.fail(Kind.TIMED_OUT);
				}
				else {
					request.complete();
				}
			});
			this.loop.advance(TTL.multipliedBy(2));
			CompletableFuture<Void> outcome = register(KEY, NEXT_VALUE);
			assertThat(entry(KEY).value()).isEqualTo(NEXT_VALUE);
			assertThat(types()).containsExactly(Type.REGISTERED, Type.LOST);
			assertThat(outcome).isNotDone();
			this.etcd.calm();
			this.loop.advance(SOON);
			assertThat(types()).containsExactly(Type.REGISTERED, Type.LOST, Type.RECOVERED);
			assertThat(outcome).isCompleted();
		}

		@Test
		void claimsNothingByAWriteUnderALeaseThatHasEndedSince() {
			List<FakeRequest> puts = this.etcd.hold(Operation.PUT);
			CompletableFuture<Void> outcome = register(KEY, VALUE);
			puts.get(0).apply();
			this.etcd.endLease(this.registrations.status().leaseId());
			this.loop.advance(THIRD);
			assertThat(this.etcd.count(Operation.GRANT)).isEqualTo(2);
			puts.get(0).complete();
			this.loop.runDue();
			assertThat(this.changes).isEmpty();
			assertThat(this.registrations.isRegistered(KEY)).isFalse();
			assertThat(outcome).isNotDone();
			puts.get(1).complete();
			this.loop.runDue();
			assertThat(types()).containsExactly(Type.REGISTERED);
			assertThat(outcome).isCompleted();
		}

	}

	/**
	 * A write whose outcome is not known is read back, and never overwrites a later one.
	 */
	@Nested
	class UnknownOutcomes extends Fixture {

		// Writes

		@Test
		void readsBackAWriteOfUnknownOutcome() {
			boolean[] first = { true };
			this.etcd.script((request) -> {
				if (request.operation() == Operation.PUT && first[0]) {
					first[0] = false;
					request.apply();
					request.fail(Kind.TIMED_OUT);
				}
				else {
					request.complete();
				}
			});
			assertThat(register(KEY, VALUE)).isCompletedExceptionally();
			assertThat(this.registrations.isRegistered(KEY)).isFalse();
			this.loop.advance(SOON);
			assertThat(this.registrations.isRegistered(KEY)).isTrue();
			assertThat(this.etcd.count(Operation.PUT)).isEqualTo(1);
			assertThat(types()).containsExactly(Type.REGISTERED);
		}

		@Test
		void writesAgainWhenAWriteOfUnknownOutcomeHappensAfterItWasReadBack() {
			boolean[] first = { true };
			this.etcd.script((request) -> {
				if (request.operation() == Operation.PUT && first[0]) {
					first[0] = false;
					this.etcd.applyLate(request);
				}
				else {
					request.complete();
				}
			});
			register(KEY, VALUE);
			register(KEY, NEXT_VALUE);
			this.loop.advance(SOON);
			assertThat(entry(KEY).value()).isEqualTo(NEXT_VALUE);
			assertThat(types()).containsExactly(Type.REGISTERED);
		}

		@Test
		void putsAnEarlierValueNotOverALaterOne() {
			List<FakeRequest> puts = this.etcd.hold(Operation.PUT);
			CompletableFuture<Void> earlier = register(KEY, VALUE);
			CompletableFuture<Void> later = register(KEY, NEXT_VALUE);
			assertThat(puts).as("one at a time").hasSize(1);
			puts.get(0).complete();
			this.loop.runDue();
			assertThat(earlier).isCompletedExceptionally();
			assertThat(later).isNotDone();
			assertThat(puts).hasSize(2);
			puts.get(1).complete();
			this.loop.runDue();
			assertThat(later).isCompleted();
			assertThat(entry(KEY).value()).isEqualTo(NEXT_VALUE);
			assertThat(types()).containsExactly(Type.REGISTERED);
		}

		@Test
		void readsAgainWhenSomebodyWroteBetweenItsReadAndItsWrite() {
			List<FakeRequest> puts = this.etcd.hold(Operation.PUT);
			register(KEY, VALUE);
			this.etcd.write(KEY, FOREIGN_VALUE, this.etcd.foreignLease());
			puts.get(0).complete();
			this.loop.runDue();
			assertThat(entry(KEY).value()).isEqualTo(FOREIGN_VALUE);
			assertThat(types()).containsExactly(Type.CONFLICTED);
		}

		@Test
		void noticesADeletionThatTheWatchTellsBeforeTheWriteIsAnswered() {
			register(KEY, VALUE);
			List<FakeRequest> puts = this.etcd.hold(Operation.PUT);
			register(KEY, NEXT_VALUE);
			puts.get(0).apply();
			this.etcd.delete(KEY);
			this.loop.runDue();
			puts.get(0).complete();
			this.etcd.calm();
			this.loop.advance(SOON);
			assertThat(entry(KEY).value()).isEqualTo(NEXT_VALUE);
			assertThat(this.registrations.isRegistered(KEY)).isTrue();
		}

		@Test
		void doesNotTakeALaggingWatchForALoss() {
			register(KEY, VALUE);
			this.etcd.holdWatches();
			this.etcd.endLease(entry(KEY).lease());
			this.loop.advance(THIRD);
			assertThat(types()).containsExactly(Type.REGISTERED, Type.LOST, Type.RECOVERED);
			this.etcd.releaseWatches();
			this.loop.advance(SOON);
			assertThat(types()).containsExactly(Type.REGISTERED, Type.LOST, Type.RECOVERED);
		}

		@Test
		void noticesWhatHappenedWhileItsWatchWasBroken() {
			register(KEY, VALUE);
			this.etcd.script((request) -> {
				if (request.operation() == Operation.LIST) {
					request.fail(Kind.UNREACHABLE);
				}
				else {
					request.complete();
				}
			});
			this.etcd.breakWatches();
			this.loop.advance(TTL);
			this.etcd.delete(KEY);
			this.etcd.calm();
			this.loop.advance(THIRD.plus(SOON));
			assertThat(this.registrations.isRegistered(KEY)).isTrue();
			assertThat(entry(KEY).value()).isEqualTo(VALUE);
		}

		@Test
		void deletesAKeyWhoseWriteOfUnknownOutcomeHappensLate() {
			register(OTHER_KEY, VALUE);
			this.etcd.script((request) -> {
				if (request.operation() == Operation.PUT) {
					this.etcd.applyLate(request);
				}
				else {
					request.complete();
				}
			});
			register(KEY, VALUE);
			deregister(KEY);
			this.loop.advance(SOON);
			this.etcd.applyLateOnes();
			assertThat(this.etcd.entries()).containsOnlyKeys(OTHER_KEY);
		}

	}

	/**
	 * A key that was deleted or changed from outside is put back; that of another live
	 * process is left alone.
	 */
	@Nested
	class OtherWriters extends Fixture {

		// What others do

		@Test
		void putsItsKeyBackOnceWhenSomebodyDeletesIt() {
			register(KEY, VALUE);
			long lease = entry(KEY).lease();
			this.etcd.delete(KEY);
			this.loop.advance(SOON);
			assertThat(entry(KEY).lease()).isEqualTo(lease);
			assertThat(this.etcd.count(Operation.PUT)).isEqualTo(2);
			assertThat(types()).containsExactly(Type.REGISTERED, Type.LOST, Type.RECOVERED);
			assertThat(recoveries()).isEqualTo(Map.of(LossCause.KEY_DELETED, 1L));
		}

		@Test
		void putsItsKeyBackOnceWhenSomebodyRewritesItWithoutALease() {
			register(KEY, VALUE);
			long lease = entry(KEY).lease();
			this.etcd.write(KEY, FOREIGN_VALUE, 0);
			this.loop.advance(TTL);
			assertThat(entry(KEY).lease()).isEqualTo(lease);
			assertThat(entry(KEY).value()).isEqualTo(VALUE);
			assertThat(this.etcd.count(Operation.PUT)).isEqualTo(2);
			assertThat(recoveries()).isEqualTo(Map.of(LossCause.KEY_OVERWRITTEN, 1L));
		}

		@Test
		void doesNotPingPong() {
			register(KEY, VALUE);
			long other = this.etcd.foreignLease();
			this.etcd.write(KEY, VALUE, other);
			this.loop.advance(TTL.multipliedBy(10));
			assertThat(entry(KEY).lease()).isEqualTo(other);
			assertThat(this.etcd.count(Operation.PUT)).isEqualTo(1);
			assertThat(this.registrations.isRegistered(KEY)).isFalse();
		}

		@Test
		void writesLessAndLessOftenWhenSomebodyKeepsWritingWithoutALease() {
			register(KEY, VALUE);
			for (int millis = 0; millis < 60_000; millis += 10) {
				if (entry(KEY).lease() != 0) {
					this.etcd.write(KEY, FOREIGN_VALUE, 0);
				}
				this.loop.advance(Duration.ofMillis(10));
			}
			assertThat(this.etcd.count(Operation.PUT)).isBetween(12, 40);
		}

		@Test
		void mendsAKeyThatSomebodyKeepsRewritingFasterThanItRetries() {
			register(KEY, VALUE);
			long lease = entry(KEY).lease();
			int mended = 0;
			for (int i = 0; i < 300; i++) {
				this.etcd.write(KEY, FOREIGN_VALUE + i, 0);
				this.loop.advance(Duration.ofMillis(100));
				mended += (entry(KEY).lease() == lease) ? 1 : 0;
			}
			assertThat(mended).isGreaterThan(3);
		}

		@Test
		void reportsAConflictOnce() {
			long other = this.etcd.foreignLease();
			this.etcd.write(KEY, FOREIGN_VALUE, other);
			CompletableFuture<Void> outcome = register(KEY, VALUE);
			assertThat(outcome).isCompletedExceptionally();
			for (int i = 0; i < 20; i++) {
				this.etcd.write(KEY, FOREIGN_VALUE + i, other);
				this.loop.advance(THIRD);
			}
			assertThat(types()).containsExactly(Type.CONFLICTED);
			assertThat(this.changes.get(0).reason()).contains(KEY, Long.toHexString(other));
			assertThat(this.etcd.count(Operation.PUT)).as("found out by it").isEqualTo(1);
			assertThat(entry(KEY).value()).startsWith(FOREIGN_VALUE);
		}

		@Test
		void failsEachTryToRegisterAKeyThatBelongsToAnother() {
			this.etcd.write(KEY, FOREIGN_VALUE, this.etcd.foreignLease());
			assertThat(register(KEY, VALUE)).isCompletedExceptionally();
			assertThat(register(KEY, NEXT_VALUE)).isCompletedExceptionally();
			assertThat(types()).containsExactly(Type.CONFLICTED);
		}

		@Test
		void takesTheKeyOverWhenTheOtherOwnerLeaves() {
			long other = this.etcd.foreignLease();
			this.etcd.write(KEY, FOREIGN_VALUE, other);
			register(KEY, VALUE);
			this.etcd.endLease(other);
			this.loop.advance(SOON);
			assertThat(types()).containsExactly(Type.CONFLICTED, Type.REGISTERED);
			assertThat(entry(KEY).value()).isEqualTo(VALUE);
		}

		@Test
		void takesItsOwnKeyBackWhenTheOneWhoTookItLeaves() {
			register(KEY, VALUE);
			long other = this.etcd.foreignLease();
			this.etcd.write(KEY, FOREIGN_VALUE, other);
			this.loop.advance(SOON);
			assertThat(this.registrations.state(KEY)).isEqualTo(RegistrationState.CONFLICTED);
			this.etcd.endLease(other);
			this.loop.advance(TTL);
			assertThat(types()).containsExactly(Type.REGISTERED, Type.CONFLICTED, Type.RECOVERED);
			assertThat(recoveries()).isEqualTo(Map.of(LossCause.CONFLICT, 1L));
		}

		@Test
		void takesOverWhatAnEarlierProcessAtTheSameAddressLeftBehind() {
			long crashed = this.etcd.foreignLease();
			this.etcd.write(KEY, NEXT_VALUE, crashed);
			register(KEY, VALUE);
			assertThat(this.registrations.isRegistered(KEY)).isTrue();
			this.etcd.endLease(crashed);
			this.loop.advance(TTL);
			assertThat(entry(KEY).value()).isEqualTo(VALUE);
			assertThat(types()).containsExactly(Type.REGISTERED);
		}

		@Test
		void leavesAKeyOfAnotherOwnerAloneWhenItLeaves() {
			register(OTHER_KEY, VALUE);
			long other = this.etcd.foreignLease();
			this.etcd.write(KEY, FOREIGN_VALUE, other);
			register(KEY, VALUE);
			assertThat(deregister(KEY)).isCompleted();
			assertThat(deregister(OTHER_KEY)).isCompleted();
			this.loop.advance(TTL);
			assertThat(this.etcd.entries()).containsOnlyKeys(KEY);
			assertThat(entry(KEY).lease()).isEqualTo(other);
		}

	}

	/**
	 * What is given up is taken out of etcd, with the lease if it is the last.
	 */
	@Nested
	class Leaving extends Fixture {

		// Giving up

		@Test
		void deletesAKeyAndKeepsTheLeaseForTheOthers() {
			register(KEY, VALUE);
			register(OTHER_KEY, VALUE);
			assertThat(deregister(OTHER_KEY)).isCompleted();
			assertThat(this.etcd.entries()).containsOnlyKeys(KEY);
			assertThat(this.registrations.isRegistered(KEY)).isTrue();
			assertThat(this.registrations.states()).containsOnlyKeys(KEY);
			assertThat(types(OTHER_KEY)).containsExactly(Type.REGISTERED, Type.DEREGISTERED);
			assertThat(this.etcd.openWatches()).isEqualTo(1);
		}

		@Test
		void revokesTheLeaseWithTheLastKey() {
			register(KEY, VALUE);
			assertThat(deregister(KEY)).isCompleted();
			assertThat(this.etcd.entries()).isEmpty();
			assertThat(this.etcd.leases()).isEmpty();
			assertThat(this.etcd.openWatches()).isZero();
			assertThat(this.registrations.status().state()).isEqualTo(State.IDLE);
			assertThat(types()).containsExactly(Type.REGISTERED, Type.DEREGISTERED);
			int asked = this.etcd.count(Operation.RENEW);
			this.loop.advance(TTL.multipliedBy(3));
			assertThat(this.etcd.count(Operation.RENEW)).isEqualTo(asked);
		}

		@Test
		void completesWhenThereIsNothingToDeregister() {
			assertThat(deregister(KEY)).isCompleted();
			assertThat(this.changes).isEmpty();
		}

		@Test
		void deregisterWhilePutUnderWay() {
			register(OTHER_KEY, VALUE);
			List<FakeRequest> puts = this.etcd.hold(Operation.PUT);
			register(KEY, VALUE);
			CompletableFuture<Void> removal = deregister(KEY);
			assertThat(removal).isNotDone();
			puts.get(0).complete();
			this.loop.runDue();
			assertThat(removal).isCompleted();
			assertThat(this.etcd.entries()).containsOnlyKeys(OTHER_KEY);
			assertThat(types(KEY)).containsExactly(Type.DEREGISTERED);
		}

		@Test
		void deregisterOfTheLastKeyWhilePutUnderWay() {
			List<FakeRequest> puts = this.etcd.hold(Operation.PUT);
			register(KEY, VALUE);
			assertThat(deregister(KEY)).isCompleted();
			puts.get(0).complete();
			this.etcd.calm();
			this.loop.advance(TTL);
			assertThat(this.etcd.entries()).isEmpty();
			assertThat(this.etcd.leases()).isEmpty();
			assertThat(types()).containsExactly(Type.DEREGISTERED);
		}

		@Test
		void keepsTryingToDeleteWhatWasGivenUpWhileTheLeaseLives() {
			register(KEY, VALUE);
			register(OTHER_KEY, VALUE);
			this.etcd.fail(Kind.UNREACHABLE, Operation.READ, Operation.DELETE);
			CompletableFuture<Void> removal = deregister(OTHER_KEY);
			assertThat(removal).isCompletedExceptionally();
			this.loop.advance(TTL.multipliedBy(4));
			assertThat(this.etcd.entries()).containsOnlyKeys(KEY, OTHER_KEY);
			this.etcd.calm();
			this.loop.advance(THIRD.plus(SOON));
			assertThat(this.etcd.entries()).containsOnlyKeys(KEY);
			int reads = this.etcd.count(Operation.READ);
			this.loop.advance(TTL.multipliedBy(4));
			assertThat(this.etcd.count(Operation.READ)).as("and no longer").isEqualTo(reads);
			assertThat(this.etcd.openWatches()).isEqualTo(1);
		}

		@Test
		void deletesWhatWasWrittenAgainBetweenItsReadAndItsDelete() {
			register(KEY, VALUE);
			register(OTHER_KEY, VALUE);
			List<FakeRequest> deletes = this.etcd.hold(Operation.DELETE);
			CompletableFuture<Void> removal = deregister(OTHER_KEY);
			this.etcd.write(OTHER_KEY, NEXT_VALUE, entry(KEY).lease());
			this.etcd.calm();
			deletes.get(0).complete();
			this.loop.runDue();
			assertThat(removal).isCompleted();
			assertThat(this.etcd.entries()).containsOnlyKeys(KEY);
		}

		@Test
		void endsARemovalThatFailsTogetherWithTheLease() {
			register(KEY, VALUE);
			register(OTHER_KEY, VALUE);
			List<FakeRequest> deletes = this.etcd.hold(Operation.DELETE);
			CompletableFuture<Void> removal = deregister(OTHER_KEY);
			CompletableFuture<Void> second = deregister(OTHER_KEY);
			assertThat(deregister(KEY)).isCompleted();
			assertThat(removal).isCompleted();
			assertThat(second).isCompleted();
			register(OTHER_KEY, NEXT_VALUE);
			deletes.get(0).complete();
			this.loop.advance(TTL);
			assertThat(entry(OTHER_KEY).value()).isEqualTo(NEXT_VALUE);
			assertThat(types(OTHER_KEY)).containsExactly(Type.REGISTERED, Type.DEREGISTERED, Type.REGISTERED);
		}

		@Test
		void doesNotDeleteWhatWasRegisteredAgainSinceItGaveUpTheLease() {
			register(KEY, VALUE);
			register(OTHER_KEY, VALUE);
			List<FakeRequest> reads = this.etcd.hold(Operation.READ);
			deregister(OTHER_KEY);
			deregister(KEY);
			this.etcd.calm();
			register(OTHER_KEY, VALUE);
			reads.get(0).complete();
			this.loop.runDue();
			assertThat(entry(OTHER_KEY).value()).isEqualTo(VALUE);
			assertThat(this.etcd.count(Operation.DELETE)).isZero();
		}

		@Test
		void reregistersAfterDeregister() {
			register(KEY, VALUE);
			long lease = entry(KEY).lease();
			deregister(KEY);
			assertThat(register(KEY, VALUE)).isCompleted();
			assertThat(entry(KEY).lease()).isNotEqualTo(lease);
			assertThat(types()).containsExactly(Type.REGISTERED, Type.DEREGISTERED, Type.REGISTERED);
			this.etcd.delete(KEY);
			this.loop.advance(SOON);
			assertThat(this.registrations.isRegistered(KEY)).as("its watch works").isTrue();
		}

		@Test
		void reregistersWhileTheDeletionIsUnderWay() {
			register(KEY, VALUE);
			register(OTHER_KEY, VALUE);
			List<FakeRequest> deletes = this.etcd.hold(Operation.DELETE);
			CompletableFuture<Void> removal = deregister(OTHER_KEY);
			CompletableFuture<Void> outcome = register(OTHER_KEY, VALUE);
			assertThat(types(OTHER_KEY)).as("not yet: it is about to be deleted")
				.containsExactly(Type.REGISTERED, Type.DEREGISTERED);
			assertThat(removal).isCompletedExceptionally();
			this.etcd.calm();
			deletes.get(0).complete();
			this.loop.runDue();
			assertThat(outcome).isCompleted();
			assertThat(entry(OTHER_KEY).value()).isEqualTo(VALUE);
			this.loop.advance(TTL);
			assertThat(types(OTHER_KEY)).containsExactly(Type.REGISTERED, Type.DEREGISTERED, Type.REGISTERED);
			this.etcd.delete(OTHER_KEY);
			this.loop.advance(SOON);
			assertThat(this.registrations.isRegistered(OTHER_KEY)).as("its watch works").isTrue();
		}

		@Test
		void doesNotWriteWithoutALeaseWhenItReregistersWhileThereIsNone() {
			register(KEY, VALUE);
			register(OTHER_KEY, VALUE);
			List<FakeRequest> held = new ArrayList<>();
			this.etcd.script((request) -> {
				if (request.operation() == Operation.GRANT || request.operation() == Operation.READ) {
					held.add(request);
				}
				else {
					request.complete();
				}
			});
			this.etcd.endLease(entry(KEY).lease());
			this.loop.advance(THIRD);
			deregister(OTHER_KEY);
			register(OTHER_KEY, VALUE);
			held.stream().filter((request) -> request.operation() == Operation.READ).forEach(FakeRequest::complete);
			this.loop.runDue();
			assertThat(this.etcd.entries()).isEmpty();
			this.etcd.calm();
			held.forEach(FakeRequest::complete);
			this.loop.runDue();
			assertThat(this.registrations.isRegistered(OTHER_KEY)).isTrue();
			assertThat(entry(OTHER_KEY).lease()).isNotZero();
		}

		@Test
		void revokesALeaseGrantedAfterClose() {
			List<FakeRequest> grants = this.etcd.hold(Operation.GRANT);
			CompletableFuture<Void> outcome = register(KEY, VALUE);
			assertThat(close()).isCompleted();
			assertThat(outcome).isCompletedExceptionally();
			grants.get(0).complete();
			this.loop.runDue();
			assertThat(this.etcd.count(Operation.GRANT)).isEqualTo(1);
			assertThat(this.etcd.leases()).isEmpty();
			assertThat(this.etcd.entries()).isEmpty();
		}

		@Test
		void revokesALeaseGrantedAfterDeregister() {
			List<FakeRequest> grants = this.etcd.hold(Operation.GRANT);
			register(KEY, VALUE);
			assertThat(deregister(KEY)).isCompleted();
			register(KEY, NEXT_VALUE);
			assertThat(grants).hasSize(2);
			grants.get(1).complete();
			grants.get(0).complete();
			this.loop.runDue();
			assertThat(this.etcd.leases()).containsExactly(entry(KEY).lease());
			assertThat(this.registrations.status().leaseId()).isEqualTo(entry(KEY).lease());
		}

		@Test
		void revokesTheLeaseWhenItIsClosed() {
			register(KEY, VALUE);
			register(OTHER_KEY, VALUE);
			assertThat(close()).isCompleted();
			assertThat(this.etcd.entries()).isEmpty();
			assertThat(this.etcd.leases()).isEmpty();
			assertThat(this.etcd.openWatches()).isZero();
			assertThat(this.registrations.status().state()).isEqualTo(State.CLOSED);
			assertThat(this.registrations.states()).isEmpty();
			assertThat(types(KEY)).containsExactly(Type.REGISTERED, Type.DEREGISTERED);
			assertThat(types(OTHER_KEY)).containsExactly(Type.REGISTERED, Type.DEREGISTERED);
			assertThat(close()).isCompleted();
			assertThat(register(KEY, VALUE)).isCompletedExceptionally();
			this.loop.advance(TTL);
			assertThat(this.etcd.entries()).isEmpty();
		}

		@Test
		void leavesTheLeaseToItselfWhenItCannotBeRevoked() {
			register(KEY, VALUE);
			this.etcd.failAll(Kind.UNREACHABLE);
			assertThat(close()).isCompletedExceptionally();
			this.loop.advance(TTL);
			assertThat(this.etcd.leases()).isEmpty();
			assertThat(this.etcd.entries()).isEmpty();
		}

		@Test
		void givesUpWhatTheLastTryWasWaitingFor() {
			this.etcd.failAll(Kind.UNREACHABLE);
			register(KEY, VALUE);
			deregister(KEY);
			this.etcd.calm();
			this.loop.advance(TTL.multipliedBy(3));
			assertThat(this.etcd.entries()).isEmpty();
			assertThat(this.etcd.leases()).isEmpty();
			assertThat(this.etcd.count(Operation.GRANT)).isEqualTo(1);
		}

	}

	/**
	 * Each trouble is logged once for each outage.
	 */
	@Nested
	class Logs extends Fixture {

		// Log

		@Test
		void logsEachKindOfTroubleOncePerOutage(CapturedOutput output) {
			register(KEY, VALUE);
			for (int outage = 0; outage < 2; outage++) {
				int[] requests = new int[1];
				this.etcd
					.script((request) -> request.fail((requests[0]++ % 2 == 0) ? Kind.UNREACHABLE : Kind.TIMED_OUT));
				this.loop.advance(TTL.multipliedBy(10));
				this.etcd.calm();
				this.loop.advance(THIRD.plus(SOON));
			}
			assertThat(output.getAll().lines().filter((line) -> line.contains("WARN")))
				.filteredOn((line) -> line.contains("Cannot renew lease"))
				.hasSize(4);
			assertThat(output.getAll().lines()).filteredOn((line) -> line.contains("Reached etcd again")).hasSize(2);
		}

		@Test
		void logsAWriteThatFailsOncePerOutage(CapturedOutput output) {
			register(KEY, VALUE);
			for (String value : List.of(NEXT_VALUE, VALUE)) {
				this.etcd.fail(Kind.NO_SPACE, Operation.PUT);
				register(KEY, value);
				this.loop.advance(TTL.multipliedBy(3));
				this.etcd.calm();
				this.loop.advance(THIRD.plus(SOON));
				assertThat(entry(KEY).value()).isEqualTo(value);
			}
			assertThat(output.getAll().lines()).filteredOn((line) -> line.contains("Cannot write '" + KEY)).hasSize(2);
		}

		@Test
		void logsLeasesAsEtcdctlPrintsThem(CapturedOutput output) {
			register(KEY, VALUE);
			String lease = Long.toHexString(entry(KEY).lease());
			assertThat(this.registrations.status().leaseIdInHex()).isEqualTo(lease);
			assertThat(output)
				.contains("Registered '%s' under lease %s with a time to live of 15 s".formatted(KEY, lease));
		}

	}

	/**
	 * What each test begins with.
	 */
	abstract static class Fixture {

		final ManualEventLoop loop = new ManualEventLoop();

		final FakeEtcd etcd = new FakeEtcd(this.loop);

		final List<RegistrationChange> changes = new ArrayList<>();

		final List<String> monitored = new ArrayList<>();

		final LeasedRegistrations registrations = new LeasedRegistrations(this.etcd, this.etcd::watch,
				new ProcessLease(this.etcd, this.loop, TTL, this::monitor), Duration.ofSeconds(2), this.changes::add);

		CompletableFuture<Void> register(String key, String value) {
			CompletableFuture<Void> outcome = this.registrations.register(key, value, SAME_ADDRESS);
			this.loop.runDue();
			return outcome;
		}

		CompletableFuture<Void> deregister(String key) {
			CompletableFuture<Void> outcome = this.registrations.deregister(key);
			this.loop.runDue();
			return outcome;
		}

		CompletableFuture<Void> release() {
			CompletableFuture<Void> outcome = this.registrations.release();
			this.loop.runDue();
			return outcome;
		}

		CompletableFuture<Void> close() {
			CompletableFuture<Void> outcome = this.registrations.close();
			this.loop.runDue();
			return outcome;
		}

		Entry entry(String key) {
			return Objects.requireNonNull(this.etcd.entry(key), key);
		}

		Monitor.Ending monitor(Monitor.Operation operation, String subject) {
			return (failure) -> this.monitored
				.add(operation + " " + subject + " " + ((failure != null) ? failure.getKind() : "done"));
		}

		Map<LossCause, Long> recoveries() {
			return Stream.of(LossCause.values())
				.filter((cause) -> this.registrations.recoveries().count(cause) > 0)
				.collect(Collectors.toMap(Function.identity(), this.registrations.recoveries()::count));
		}

		List<Type> types() {
			return this.changes.stream().map(RegistrationChange::type).toList();
		}

		List<Type> types(String key) {
			return this.changes.stream()
				.filter((change) -> change.key().equals(key))
				.map(RegistrationChange::type)
				.toList();
		}

	}

}
