package io.github.etcddiscovery.catalog;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;

import io.github.etcddiscovery.catalog.Catalog.AbsenceRule;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.core.Monitor.Operation;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.Publication;
import io.github.etcddiscovery.watch.Reset;
import io.github.etcddiscovery.watch.Snapshot;
import io.github.etcddiscovery.watch.SnapshotListener;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Applies the snapshots of one mirror to the catalog, and knows the phase of that range.
 * Confined to the loop of the catalog, except where noted.
 */
final class Feed implements SnapshotListener {

	private static final Log logger = LogFactory.getLog(Feed.class);

	private final KeyRange range;

	private final boolean indexed;

	private final boolean additional;

	private final CatalogUpdater updater;

	private final CompletableFuture<Void> refused = new CompletableFuture<>();

	private volatile CatalogPhase phase;

	/**
	 * The revision of the last snapshot.
	 */
	private long revision;

	private Monitor.@Nullable Ending listing;

	/**
	 * Create a feed.
	 * @param range the range of the mirror
	 * @param indexed whether its instances belong into the catalog
	 * @param additional whether the range is below an additional prefix
	 * @param updater keeps the catalog
	 */
	Feed(KeyRange range, boolean indexed, boolean additional, CatalogUpdater updater) {
		this.range = range;
		this.indexed = indexed;
		this.additional = additional;
		this.updater = updater;
		this.phase = CatalogPhase.UNKNOWN;
	}

	/**
	 * The phase of the range. From any thread.
	 */
	CatalogPhase phase() {
		return this.phase;
	}

	/**
	 * Completes when etcd refuses to list an additional range, so that no look-up waits
	 * for it. From any thread.
	 */
	CompletableFuture<Void> refused() {
		return this.refused;
	}

	private void transitionTo(CatalogPhase next) {
		if (next.compareTo(this.phase) > 0) {
			logger.debug("Catalog of '%s': %s -> %s".formatted(this.range, this.phase, next));
			this.phase = next;
		}
	}

	/**
	 * The range was restored from the snapshot file.
	 */
	void restored() {
		if (this.updater.restoredKeys().isIn(this.range)) {
			transitionTo(CatalogPhase.RESTORED);
		}
	}

	@Override
	public void published(Publication publication) {
		this.updater.counts().applied(publication.changes().size());
		if (publication.reset() != Reset.NONE) {
			logger.warn(("etcd was wiped, restored or replaced: '%s' went from revision %d to %d. "
					+ "Instances that are missing now are held for a while")
				.formatted(this.range, this.revision, publication.snapshot().revision()));
		}
		this.revision = publication.snapshot().revision();
		if (this.phase != CatalogPhase.FOLLOWING) {
			begin(publication);
		}
		else if (this.indexed && !publication.changedKeys().isEmpty()) {
			Catalog last = this.updater.store().current();
			Meanwhile meanwhile = Meanwhile.of(publication, last, this.updater.reader());
			update(publication.snapshot(), publication.changedKeys(), this.updater.rule(meanwhile));
		}
	}

	/**
	 * Replace the data of the snapshot file. The file may be days old, so no instance
	 * counts as absent.
	 */
	private void begin(Publication publication) {
		if (this.indexed) {
			Set<String> restored = this.updater.restoredKeys().take(this.range);
			this.updater.listed();
			if (this.updater.store().current().isEmpty()) {
				update((empty) -> empty.fill(publication.snapshot(), this.updater.reader()));
			}
			else {
				Set<String> keys = new HashSet<>(publication.snapshot().entries().keySet());
				keys.addAll(publication.changedKeys());
				keys.addAll(restored);
				update(publication.snapshot(), keys, (this.phase == CatalogPhase.STALE)
						? this.updater.rule(Meanwhile.reset(publication.reset())) : AbsenceRule.NONE);
			}
		}
		transitionTo(CatalogPhase.FOLLOWING);
	}

	/**
	 * Apply what a single member has. An instance that the member does not have may still
	 * exist, and the snapshot file may be newer.
	 */
	@Override
	public void stale(Snapshot snapshot, Set<String> changedKeys) {
		boolean outdated = this.updater.isRestored() && this.updater.store().current().revision() > snapshot.revision();
		if (!this.indexed || outdated) {
			return;
		}
		transitionTo(CatalogPhase.STALE);
		this.revision = snapshot.revision();
		Set<String> keys = new HashSet<>(changedKeys);
		keys.retainAll(snapshot.entries().keySet());
		update(snapshot, keys, this.updater.rule(Meanwhile.NOTHING));
		logger.warn(("etcd has no majority: '%s' was read from a single member, at revision %d, and may be out of "
				+ "date until there is one")
			.formatted(this.range, snapshot.revision()));
	}

	private void update(Snapshot snapshot, Set<String> keys, AbsenceRule absences) {
		update((last) -> last.update(snapshot, keys, this.updater.reader(), absences));
	}

	private void update(UnaryOperator<Catalog> step) {
		this.updater.store().update((last) -> {
			Catalog next = step.apply(last);
			this.updater.rejections().report(last, next);
			return next;
		});
	}

	@Override
	public void listing() {
		this.updater.coldStart().asked();
		this.listing = this.updater.monitor().begin(Operation.LIST, this.range.toString());
	}

	private void listed(@Nullable EtcdAccessException failure) {
		if (this.listing != null) {
			this.listing.ended(failure);
			this.listing = null;
		}
	}

	@Override
	public void synced(Snapshot snapshot) {
		listed(null);
		this.updater.coldStart().synced();
		logger.info("Synchronised with '%s' at revision %d: %d services, %d keys".formatted(this.range,
				snapshot.revision(), this.updater.store().current().names().size(), snapshot.entries().size()));
	}

	@Override
	public void failed(EtcdAccessException failure) {
		listed(failure);
		this.updater.counts().relists().add(failure.getKind());
	}

	@Override
	public void auditFailed(EtcdAccessException failure) {
		logger.warn("Cannot compare '%s' with etcd: %s. Events that its watch may have lost go unnoticed until then"
			.formatted(this.range, failure.describe()));
	}

	@Override
	public void lost(EtcdAccessException failure, @Nullable Snapshot served) {
		if (served == null) {
			this.updater.coldStart().restore();
		}
		if (failure.getKind() == Kind.PERMISSION_DENIED && this.additional) {
			this.refused.complete(null);
		}
		if (failure.getKind() == Kind.COMPACTED || failure.getKind() == Kind.INCOHERENT) {
			logger.info("Listing '%s' again: %s".formatted(this.range, failure.getMessage()));
			return;
		}
		String meanwhile = (served != null) ? "Discovery keeps answering from revision %d".formatted(served.revision())
				: "No service in it can be discovered yet";
		logger.warn("Cannot follow '%s': %s. %s; retrying".formatted(this.range, failure.describe(), meanwhile));
	}

}
