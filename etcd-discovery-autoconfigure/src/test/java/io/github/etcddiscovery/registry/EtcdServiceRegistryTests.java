package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.ManualEventLoop;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.instance.AddressCodec;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.InvalidInstanceException;
import io.github.etcddiscovery.instance.JsonCodec;
import io.github.etcddiscovery.instance.ServiceInstanceCodec;
import io.github.etcddiscovery.lease.ProcessLease;
import io.github.etcddiscovery.watch.Entry;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.mockito.Answers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.BDDMockito.willAnswer;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link EtcdServiceRegistry}.
 */
class EtcdServiceRegistryTests {

	private static final String KEY = "services/myapp/one";

	private final ManualEventLoop loop = new ManualEventLoop();

	private final FakeEtcd etcd = new FakeEtcd(this.loop);

	private final LeasedRegistrations registrations = new LeasedRegistrations(this.etcd, this.etcd::watch,
			new ProcessLease(this.etcd, this.loop, Duration.ofSeconds(15), Monitor.NONE), Duration.ofSeconds(2),
			(change) -> {
			});

	private final List<String> monitored = new ArrayList<>();

	private final JsonCodec codec = new JsonCodec();

	private final InstanceReader reader = new InstanceReader("services", List.of(this.codec, new AddressCodec()));

	private final EtcdServiceRegistry registry = new EtcdServiceRegistry(this.registrations,
			List.of(new WrittenFormat(this.codec, "services")), this.reader, Duration.ofMillis(50), null,
			this::monitor);

	private final EtcdRegistration registration = Node.registration("myapp", "one", 8080);

	@Test
	void registersWhatBecameOfTheInstanceWhileEtcdWasOutOfReach() {
		this.etcd.failAll(Kind.UNREACHABLE);
		this.registry.register(this.registration);
		this.loop.runDue();
		this.registry.setAcceptingTraffic(this.registration, false);
		this.registry.setMetadata(this.registration, Map.of("weight", "5"));
		this.loop.runDue();
		this.etcd.calm();
		this.loop.advance(Duration.ofSeconds(5));
		assertThat(this.registry.isRegistered(this.registration)).isTrue();
		assertThat(value()).contains("OUT_OF_SERVICE").contains("weight");
	}

	@Test
	void drainsForThoseWhoGoByWhatWasTrueBeforeEtcdWasOutOfReach() {
		this.registry.register(this.registration);
		this.loop.runDue();
		this.etcd.failAll(Kind.UNREACHABLE);
		this.loop.advance(Duration.ofMinutes(1));
		assertThat(this.registry.isRegistered(this.registration)).isFalse();
		assertThat(this.registry.sayGoodbye()).isTrue();
	}

	@Test
	void doesNotDrainForNobody() {
		this.etcd.failAll(Kind.UNREACHABLE);
		this.registry.register(this.registration);
		this.loop.runDue();
		assertThat(this.registry.sayGoodbye()).isFalse();
	}

	@Test
	void doesNotRegisterByAChange() {
		this.registry.setStatus(this.registration, "DOWN");
		this.registry.setMetadata(this.registration, Map.of("weight", "5"));
		this.loop.advance(Duration.ofSeconds(5));
		assertThat(this.etcd.entries()).isEmpty();
		Map<String, String> status = this.registry.getStatus(this.registration);
		assertThat(status).containsEntry("status", "DOWN");
	}

	@Test
	void changesWhatIsNotReadyToBeRegistered() {
		EtcdRegistration early = Node.registration("myapp", "one", 0);
		this.registry.setStatus(early, "DOWN");
		assertThatExceptionOfType(InvalidInstanceException.class).isThrownBy(() -> this.registry.register(early));
		this.loop.runDue();
		assertThat(this.etcd.entries()).isEmpty();
	}

	@Test
	void putsTheLaterOfTwoChangesLater() throws Exception {
		CountDownLatch encoding = new CountDownLatch(1);
		CountDownLatch go = new CountDownLatch(1);
		AtomicReference<Thread> slow = new AtomicReference<>();
		ServiceInstanceCodec slowCodec = mock(ServiceInstanceCodec.class, Answers.CALLS_REAL_METHODS);
		willAnswer((call) -> {
			String value = this.codec.encode(call.getArgument(0));
			if (Thread.currentThread() == slow.get()) {
				encoding.countDown();
				await(go);
			}
			return value;
		}).given(slowCodec).encode(any());
		EtcdServiceRegistry registry = new EtcdServiceRegistry(this.registrations,
				List.of(new WrittenFormat(slowCodec, "services")), this.reader, Duration.ofMillis(50), null,
				this::monitor);
		registry.register(this.registration);
		this.loop.runDue();
		Thread first = new Thread(() -> registry.setMetadata(this.registration, Map.of("change", "first")));
		slow.set(first);
		first.start();
		await(encoding);
		Thread second = new Thread(() -> registry.setStatus(this.registration, "DOWN"));
		second.start();
		Awaitility.await()
			.until(() -> second.getState() == Thread.State.BLOCKED || second.getState() == Thread.State.TERMINATED);
		go.countDown();
		first.join();
		second.join();
		this.loop.runDue();
		assertThat(value()).contains("DOWN").contains("first");
	}

	@Test
	void formatWithoutStatusIsTakenOutWhileItIsNotToBeCalled() {
		EtcdServiceRegistry registry = withoutStatus();
		registry.register(this.registration);
		assertThat(valueAfter("services/myapp")).isEqualTo("http://127.0.0.1:8080");
		assertThat(registry.isRegistered(this.registration)).isTrue();
		registry.setStatus(this.registration, "DOWN");
		assertThat(valueAfter("services/myapp")).isNull();
		assertThat(registry.isRegistered(this.registration)).isFalse();
		registry.setMetadata(this.registration, Map.of("weight", "5"));
		assertThat(valueAfter("services/myapp")).isNull();
		registry.setStatus(this.registration, "UP");
		assertThat(valueAfter("services/myapp")).isEqualTo("http://127.0.0.1:8080");
		registry.setAcceptingTraffic(this.registration, false);
		assertThat(valueAfter("services/myapp")).isNull();
		registry.setAcceptingTraffic(this.registration, true);
		assertThat(valueAfter("services/myapp")).isEqualTo("http://127.0.0.1:8080");
		registry.deregister(this.registration);
		registry.setStatus(this.registration, "UP");
		assertThat(valueAfter("services/myapp")).isNull();
	}

	@Test
	void drainsForThoseWhoCalledWhatAFormatWithoutStatusHasTakenOut() {
		EtcdServiceRegistry registry = withoutStatus();
		registry.register(this.registration);
		assertThat(valueAfter("services/myapp")).isNotNull();
		registry.setAcceptingTraffic(this.registration, false);
		assertThat(valueAfter("services/myapp")).isNull();
		assertThat(registry.sayGoodbye()).isTrue();
		registry.deregister(this.registration);
		assertThat(registry.sayGoodbye()).isFalse();
	}

	@Test
	void doesNotDrainForWhatAFormatWithoutStatusHasNeverWritten() {
		this.etcd.failAll(Kind.UNREACHABLE);
		EtcdServiceRegistry registry = withoutStatus();
		registry.register(this.registration);
		this.loop.runDue();
		registry.setAcceptingTraffic(this.registration, false);
		this.loop.runDue();
		assertThat(registry.sayGoodbye()).isFalse();
	}

	@Test
	void saysThatACodecDoesNotWrite() {
		ServiceInstanceCodec readOnly = mock(ServiceInstanceCodec.class, Answers.CALLS_REAL_METHODS);
		EtcdServiceRegistry registry = new EtcdServiceRegistry(this.registrations,
				List.of(new WrittenFormat(readOnly, "services")), this.reader, Duration.ofMillis(50), null,
				Monitor.NONE);
		assertThatExceptionOfType(UnsupportedOperationException.class)
			.isThrownBy(() -> registry.register(this.registration))
			.withMessageEndingWith("does not write");
	}

	@Test
	void failsWhenItIsToFailFast() {
		this.etcd.failAll(Kind.UNREACHABLE);
		EtcdServiceRegistry registry = new EtcdServiceRegistry(this.registrations,
				List.of(new WrittenFormat(this.codec, "services")), this.reader, Duration.ofMillis(50),
				Duration.ofMillis(50), Monitor.NONE);
		assertThatExceptionOfType(RegistrationFailedException.class)
			.isThrownBy(() -> registry.register(this.registration))
			.satisfies((ex) -> assertThat(ex.getFailure().getKind()).isEqualTo(Kind.TIMED_OUT))
			.withMessageContaining(KEY);
	}

	@Test
	void ignoresNothing() {
		this.registry.register(null);
		this.registry.deregister(null);
		this.loop.runDue();
		assertThat(this.etcd.entries()).isEmpty();
	}

	private EtcdServiceRegistry withoutStatus() {
		return new EtcdServiceRegistry(this.registrations, List.of(new WrittenFormat(new AddressCodec(), "services")),
				this.reader, Duration.ofMillis(50), null, Monitor.NONE);
	}

	private @Nullable String valueAfter(String key) {
		this.loop.advance(Duration.ofSeconds(5));
		Entry entry = this.etcd.entry(key);
		return (entry != null) ? entry.value() : null;
	}

	@Test
	void tellsTheMonitorOfWhatComesAndGoes() {
		this.etcd.failAll(Kind.UNREACHABLE);
		this.registry.register(this.registration);
		this.loop.runDue();
		assertThat(this.monitored).containsExactly("REGISTER " + KEY + " UNREACHABLE");
		this.etcd.calm();
		this.loop.advance(Duration.ofSeconds(5));
		assertThat(this.registry.getRegistrations()).containsOnlyKeys(KEY);
		assertThat(this.registry.getState(this.registration)).isEqualTo(RegistrationState.REGISTERED);
		this.registry.deregister(this.registration);
		this.loop.runDue();
		this.registry.deregister(this.registration);
		this.loop.runDue();
		assertThat(this.monitored).containsExactly("REGISTER " + KEY + " UNREACHABLE", "DEREGISTER " + KEY + " done");
		assertThat(this.registry.getRegistrations()).isEmpty();
	}

	private Monitor.Ending monitor(Monitor.Operation operation, String subject) {
		return (failure) -> this.monitored
			.add(operation + " " + subject + " " + ((failure != null) ? failure.getKind() : "done"));
	}

	private String value() {
		return Objects.requireNonNull(this.etcd.entry(KEY)).value();
	}

	private static void await(CountDownLatch latch) {
		try {
			assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
