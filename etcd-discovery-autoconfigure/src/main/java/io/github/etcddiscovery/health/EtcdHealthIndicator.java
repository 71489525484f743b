package io.github.etcddiscovery.health;

import java.util.function.Supplier;

import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.lease.LeaseStatus;
import io.github.etcddiscovery.lease.LeaseStatus.State;
import io.github.etcddiscovery.watch.MirrorState;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;

/**
 * Reports whether etcd can be reached and how stale the mirror is. Answers at once from
 * memory, whatever the state of etcd.
 * <ul>
 * <li>{@code UP} while the mirror is synchronised, and also while it is stale but serves
 * its last snapshot; the details tell the two apart. An application that can still find
 * and call others is of more use than one that is out of service.
 * <li>{@code DOWN} when etcd has not been reached since the start, so that no service can
 * be found.
 * <li>{@code UNKNOWN} before the first answer, and while nothing is requested from etcd.
 * </ul>
 */
public class EtcdHealthIndicator implements HealthIndicator {

	private final ServiceCatalog catalog;

	private final Supplier<@Nullable LeaseStatus> lease;

	/**
	 * Create an indicator.
	 * @param catalog knows the state of the mirrors
	 * @param lease returns the status of this process's lease, or {@code null} if it
	 * registers nothing
	 */
	public EtcdHealthIndicator(ServiceCatalog catalog, Supplier<@Nullable LeaseStatus> lease) {
		this.catalog = catalog;
		this.lease = lease;
	}

	@Override
	public Health health() {
		MirrorState mirror = this.catalog.state();
		LeaseStatus lease = this.lease.get();
		Health.Builder health = new Health.Builder(status(mirror, lease));
		health.withDetail("reachable", isReachable(mirror, lease));
		health.withDetail("revision", mirror.revision());
		health.withDetail("stalenessSeconds", mirror.staleness().toMillis() / 1000.0);
		if (mirror.reason() != null) {
			health.withDetail("reason", mirror.reason());
		}
		if (this.catalog.isRestored()) {
			health.withDetail("restored", true);
		}
		if (lease != null && lease.state() != State.IDLE) {
			health.withDetail("lease", lease.state().name());
		}
		return health.build();
	}

	private Status status(MirrorState mirror, @Nullable LeaseStatus lease) {
		if (mirror.revision() > 0 || this.catalog.isRestored()) {
			return Status.UP;
		}
		if (mirror.reason() != null) {
			return Status.DOWN;
		}
		return isReachable(mirror, lease) ? Status.UP : Status.UNKNOWN;
	}

	/**
	 * Whether etcd can be reached. While no service is followed, only the lease can tell.
	 */
	private static boolean isReachable(MirrorState mirror, @Nullable LeaseStatus lease) {
		return (mirror.revision() > 0) ? mirror.synced() : lease != null && lease.state() == State.ALIVE;
	}

}
