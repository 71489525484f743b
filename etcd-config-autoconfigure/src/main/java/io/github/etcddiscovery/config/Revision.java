package io.github.etcddiscovery.config;

import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * A revision of the configuration and its result. Never contains a value.
 *
 * @param revision the revision of etcd
 * @param at when it was read
 * @param result the result
 * @param keys the properties whose values change with it
 * @param beans the beans that took it over, or would have
 * @param reason why it was not applied, or {@code null}
 */
public record Revision(long revision, Instant at, Result result, List<String> keys, List<String> beans,
		@Nullable String reason) {

	/**
	 * The result of a revision.
	 */
	public enum Result {

		/**
		 * The revision is in use.
		 */
		APPLIED,

		/**
		 * The revision can't be used: the last good one stays in use.
		 */
		REJECTED,

		/**
		 * The revision may be a mistake, and waits for a person to accept it.
		 */
		HELD,

		/**
		 * The revision changes nothing for this application.
		 */
		UNCHANGED,

		/**
		 * The revision could not be read.
		 */
		FAILED

	}

}
