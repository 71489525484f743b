package io.github.etcddiscovery.watch;

import org.jspecify.annotations.Nullable;

/**
 * One key was written or deleted.
 *
 * @param key the key
 * @param entry what was written, or {@code null} if the key was deleted or expired
 * @param revision the revision of the write or the deletion
 */
public record Change(String key, @Nullable Entry entry, long revision) {

	/**
	 * A key was written.
	 * @param entry the key as it was written
	 * @return the change
	 */
	public static Change put(Entry entry) {
		return new Change(entry.key(), entry, entry.modRevision());
	}

	/**
	 * A key was deleted, by a client or by the end of its lease.
	 * @param key the key
	 * @param revision the revision of the deletion
	 * @return the change
	 */
	public static Change delete(String key, long revision) {
		return new Change(key, null, revision);
	}

}
