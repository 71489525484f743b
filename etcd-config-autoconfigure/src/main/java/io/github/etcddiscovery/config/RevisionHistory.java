package io.github.etcddiscovery.config;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

import io.github.etcddiscovery.config.Revision.Result;

/**
 * The results of the last revisions that would have changed a property. Safe for use by
 * any thread.
 */
final class RevisionHistory {

	private static final int LONGEST = 50;

	private final Deque<Revision> revisions = new ArrayDeque<>();

	/**
	 * Add a revision if it would have changed a property. The same result of the same
	 * revision replaces the last one.
	 */
	synchronized void add(Revision revision) {
		if (revision.result() == Result.UNCHANGED || revision.result() == Result.FAILED) {
			return;
		}
		Revision latest = this.revisions.peekFirst();
		if (latest != null && latest.revision() == revision.revision() && latest.result() == revision.result()) {
			this.revisions.removeFirst();
		}
		this.revisions.addFirst(revision);
		if (this.revisions.size() > LONGEST) {
			this.revisions.removeLast();
		}
	}

	/**
	 * The revisions, the latest first.
	 */
	synchronized List<Revision> latestFirst() {
		return List.copyOf(this.revisions);
	}

}
