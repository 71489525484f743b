package io.github.etcddiscovery.watch;

import java.util.List;

/**
 * What a watch delivers at once: the changes of whole revisions, in order.
 *
 * @param clusterId the cluster that sent it
 * @param revision the revision of the store when it was sent, at least that of the last
 * change
 * @param changes the changes, by ascending revision
 */
public record Batch(long clusterId, long revision, List<Change> changes) {

	public Batch {
		changes = List.copyOf(changes);
	}

	/**
	 * The batch without the changes of one revision.
	 */
	Batch without(long revision) {
		return new Batch(this.clusterId, this.revision,
				this.changes.stream().filter((change) -> change.revision() != revision).toList());
	}

}
