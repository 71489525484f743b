package io.github.etcddiscovery.discovery;

import java.util.HashSet;
import java.util.Set;
import java.util.function.LongConsumer;

import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.watch.LeaseCheck;

/**
 * Finds out which absentees have withdrawn: their keys are gone and their leases live, so
 * no process has ended and etcd has lost nothing. Formats without a status have no other
 * goodbye. Confined to the loop of the catalog.
 */
final class Withdrawals {

	private final EventLoop loop;

	private final LeaseCheck check;

	private final LongConsumer withdrawn;

	/**
	 * Leases that are being asked about, or that have ended.
	 */
	private final Set<Long> asked = new HashSet<>();

	/**
	 * Create it.
	 * @param loop the loop of the catalog
	 * @param check asks etcd
	 * @param withdrawn is told of a lease that lives, on the loop
	 */
	Withdrawals(EventLoop loop, LeaseCheck check, LongConsumer withdrawn) {
		this.loop = loop;
		this.check = check;
		this.withdrawn = withdrawn;
	}

	/**
	 * The catalog has changed, or a second has passed.
	 */
	void attend(Catalog catalog) {
		Set<Long> leases = catalog.leasesOfAbsentees();
		this.asked.retainAll(leases);
		leases.stream().filter(this.asked::add).forEach(this::ask);
	}

	private void ask(long lease) {
		this.check.lives(lease).whenComplete((lives, failure) -> this.loop.execute(() -> {
			if (failure != null) {
				// To be asked again
				this.asked.remove(lease);
			}
			else if (lives) {
				this.withdrawn.accept(lease);
			}
		}));
	}

}
