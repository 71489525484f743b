package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.core.ManualEventLoop;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.lease.LeasedKeys;
import io.github.etcddiscovery.lease.ProcessLease;
import io.github.etcddiscovery.registry.FakeRequest.Operation;
import io.github.etcddiscovery.watch.Entry;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link CallsAnnouncement}, on an etcd in memory and a clock that stands
 * still.
 */
class CallsAnnouncementTests {

	private static final String KEY = "consumers/shop/one";

	private static final Duration IDLE = Duration.ofMinutes(10);

	private static final Duration TTL = Duration.ofSeconds(15);

	private final ManualEventLoop loop = new ManualEventLoop();

	private final FakeEtcd etcd = new FakeEtcd(this.loop);

	private final CallsAnnouncement announcement = new CallsAnnouncement(
			new LeasedKeys(this.etcd, this.etcd::watch, new ProcessLease(this.etcd, this.loop, TTL, Monitor.NONE),
					Duration.ofSeconds(2), (key, last, next, leaseId, reason) -> {
					}),
			this.loop, IDLE);

	@Test
	void saysNothingBeforeTheFirstLookUpOrTheStart() {
		this.announcement.asked("orders");
		pass(CallsAnnouncement.INTERVAL);
		assertThat(this.etcd.leases()).isEmpty();
		CallsAnnouncement other = this.announcement;
		other.start(KEY);
		this.loop.runDue();
		assertThat(value()).isEqualTo("{\"calls\":[\"orders\"]}");
	}

	@Test
	void writesOnceForManyLookUpsAndUnderALease() {
		start();
		assertThat(this.etcd.leases()).isEmpty();
		for (int i = 0; i < 1000; i++) {
			this.announcement.asked("payments");
			this.announcement.asked("orders");
		}
		pass(CallsAnnouncement.INTERVAL.multipliedBy(5));
		assertThat(value()).isEqualTo("{\"calls\":[\"orders\",\"payments\"]}");
		assertThat(this.etcd.count(Operation.PUT)).isEqualTo(1);
		assertThat(this.etcd.leases()).containsExactly(entry().lease());
	}

	@Test
	void leavesOutWhatNobodyHasAskedForInAWhile() {
		start();
		this.announcement.asked("orders");
		pass(IDLE.dividedBy(2));
		this.announcement.asked("payments");
		pass(IDLE.dividedBy(2).plusSeconds(2));
		assertThat(value()).isEqualTo("{\"calls\":[\"payments\"]}");
		pass(IDLE.dividedBy(2));
		assertThat(entry()).isNull();
		this.announcement.asked("orders");
		pass(CallsAnnouncement.INTERVAL);
		assertThat(value()).isEqualTo("{\"calls\":[\"orders\"]}");
	}

	/**
	 * Row V5.
	 */
	@Test
	void isPutBackWhenEtcdHasLostIt() {
		start();
		this.announcement.asked("orders");
		pass(CallsAnnouncement.INTERVAL);
		this.etcd.wipe();
		pass(TTL);
		assertThat(value()).isEqualTo("{\"calls\":[\"orders\"]}");
	}

	@Test
	void takesOverWhatTheProcessBeforeHasLeft() {
		this.etcd.write(KEY, "{\"calls\":[\"other\"]}", this.etcd.foreignLease());
		start();
		this.announcement.asked("orders");
		pass(CallsAnnouncement.INTERVAL);
		assertThat(value()).isEqualTo("{\"calls\":[\"orders\"]}");
	}

	@Test
	void isTakenAwayWhenTheApplicationStopsAndBackWhenItStartsAgain() {
		start();
		this.announcement.asked("orders");
		pass(CallsAnnouncement.INTERVAL);
		this.announcement.stop();
		pass(CallsAnnouncement.INTERVAL);
		assertThat(entry()).isNull();
		this.announcement.resume();
		pass(CallsAnnouncement.INTERVAL);
		assertThat(value()).isEqualTo("{\"calls\":[\"orders\"]}");
		CompletableFuture<Void> closed = this.announcement.close();
		this.loop.runDue();
		assertThat(closed).isCompleted();
		assertThat(entry()).isNull();
		assertThat(this.etcd.leases()).isEmpty();
	}

	@Test
	void isBounded() {
		start();
		for (int i = 0; i < CallsAnnouncement.MAX_SERVICES * 2; i++) {
			this.announcement.asked("service-" + i);
		}
		this.announcement.asked("x".repeat(CallsAnnouncement.MAX_NAME_LENGTH + 1));
		pass(CallsAnnouncement.INTERVAL);
		assertThat(value().split(",")).hasSize(CallsAnnouncement.MAX_SERVICES);
		assertThat(value()).doesNotContain("xx");
	}

	private void start() {
		this.announcement.start(KEY);
		this.loop.runDue();
	}

	private void pass(Duration duration) {
		this.loop.advance(duration);
	}

	private String value() {
		Entry entry = entry();
		return (entry != null) ? entry.value() : "";
	}

	private @Nullable Entry entry() {
		return this.etcd.entry(KEY);
	}

}
