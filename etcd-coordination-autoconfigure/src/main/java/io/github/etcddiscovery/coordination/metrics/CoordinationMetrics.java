package io.github.etcddiscovery.coordination.metrics;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

import io.github.etcddiscovery.coordination.FencingToken;
import io.github.etcddiscovery.coordination.leader.Elections;
import io.github.etcddiscovery.coordination.leader.Leadership;
import io.github.etcddiscovery.coordination.leader.LeadershipListener;
import io.github.etcddiscovery.coordination.lock.LockListener;
import io.github.etcddiscovery.coordination.lock.LockToken;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;

/**
 * Meters of leadership and locks: {@code etcd.leader.status} and
 * {@code etcd.leader.changes} by role, and {@code etcd.lock.wait}, {@code etcd.lock.held}
 * and {@code etcd.lock.lost} for all locks together, since there may be many names.
 */
public final class CoordinationMetrics implements LeadershipListener, LockListener {

	private final MeterRegistry registry;

	private final Map<String, Gauge> statuses = new ConcurrentHashMap<>();

	private final AtomicInteger holding = new AtomicInteger();

	private final Timer wait;

	private final Timer held;

	private final Counter lost;

	/**
	 * Create meters.
	 * @param registry where they are registered
	 */
	public CoordinationMetrics(MeterRegistry registry) {
		this.registry = registry;
		this.wait = Timer.builder("etcd.lock.wait").description("How long acquiring a lock took").register(registry);
		this.held = Timer.builder("etcd.lock.held").description("How long a lock was held").register(registry);
		this.lost = Counter.builder("etcd.lock.lost").description("Locks that were lost while held").register(registry);
		Gauge.builder("etcd.lock.holding", this.holding, AtomicInteger::get)
			.description("Locks that are held now")
			.register(registry);
	}

	/**
	 * Register the meters of the roles that this process campaigns for.
	 * @param elections the elections
	 */
	public void show(Elections elections) {
		elections.onCampaign((leadership) -> this.statuses.computeIfAbsent(leadership.role(),
				(role) -> Gauge.builder("etcd.leader.status", elections, (all) -> all.isLeader(role) ? 1 : 0)
					.description("1 in the leader for a role, 0 elsewhere")
					.tag("role", role)
					.register(this.registry)));
	}

	@Override
	public void granted(Leadership leadership, FencingToken token) {
		changed(leadership);
	}

	@Override
	public void revoked(Leadership leadership, FencingToken token) {
		changed(leadership);
	}

	private void changed(Leadership leadership) {
		Counter.builder("etcd.leader.changes")
			.description("How often this process has begun or ended to lead")
			.tag("role", leadership.role())
			.register(this.registry)
			.increment();
	}

	@Override
	public void acquired(LockToken token, Duration waited) {
		this.holding.incrementAndGet();
		this.wait.record(waited);
	}

	@Override
	public void released(LockToken token, Duration held) {
		this.holding.decrementAndGet();
		this.held.record(held);
	}

	@Override
	public void lost(LockToken token, String reason) {
		this.lost.increment();
	}

}
