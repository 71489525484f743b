package io.github.etcddiscovery.catalog;

import java.util.HashSet;
import java.util.Set;

import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.watch.LeaseCheck;

/**
 * Finds out which absentees have withdrawn: their keys are gone while their leases are
 * alive, so no process has crashed and etcd has lost nothing. Formats without a status
 * have no other goodbye. Confined to the loop of the catalog.
 */
final class Withdrawals {

	private final EventLoop loop;

	private final LeaseCheck check;

	private final CatalogStore store;

	/**
	 * The leases that are being checked, or that have ended.
	 */
	private final Set<Long> asked = new HashSet<>();

	/**
	 * Create the check of the catalog's absentees.
	 * @param store has the catalog
	 * @param loop the loop of the catalog
	 * @param check asks etcd whether a lease is alive
	 */
	Withdrawals(CatalogStore store, EventLoop loop, LeaseCheck check) {
		this.store = store;
		this.loop = loop;
		this.check = check;
		store.onChange(this::attend);
	}

	private void attend(Catalog catalog) {
		Set<Long> leases = catalog.leasesOfAbsentees();
		this.asked.retainAll(leases);
		leases.stream().filter(this.asked::add).forEach(this::ask);
	}

	private void ask(long lease) {
		this.check.lives(lease).whenComplete((lives, failure) -> this.loop.execute(() -> {
			if (failure != null) {
				// The next review checks the lease again
				this.asked.remove(lease);
			}
			else if (lives) {
				this.store.update((catalog) -> catalog.withdraw(lease));
			}
		}));
	}

}
