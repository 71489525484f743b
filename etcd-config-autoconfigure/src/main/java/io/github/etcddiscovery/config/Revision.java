package io.github.etcddiscovery.config;

import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * What became of a revision of the configuration. Never holds a value.
 *
 * @param revision the revision of etcd
 * @param at when it was read
 * @param result what became of it
 * @param keys the properties that have another value in it
 * @param beans the beans that took it over, or would have
 * @param reason why it does not count, or {@code null}
 */
public record Revision(long revision, Instant at, Result result, List<String> keys, List<String> beans,
		@Nullable String reason) {

	/**
	 * What becomes of a revision.
	 */
	public enum Result {

		/**
		 * It counts.
		 */
		APPLIED,

		/**
		 * It has what can't be used: the last one that has not counts.
		 */
		REJECTED,

		/**
		 * It may be a mistake, and waits for a person to accept it.
		 */
		HELD,

		/**
		 * It changes nothing for this application.
		 */
		UNCHANGED,

		/**
		 * It could not be read.
		 */
		FAILED

	}

}
