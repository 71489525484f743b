package io.github.etcddiscovery.config;

import java.util.List;

import io.github.etcddiscovery.watch.KeyRange;
import org.jspecify.annotations.Nullable;

/**
 * One source of properties in etcd, as an import names it.
 *
 * @param name its name in the environment
 * @param location the import that named it
 * @param ranges the ranges of its keys; the last one takes precedence
 * @param format how properties are stored there
 * @param dataKey the key below it whose value is a document
 * @param propertyPrefix put before the name of each property
 * @param precedence its precedence against the application's files
 * @param refresh whether to follow changes
 * @param revision the revision to read, or 0
 * @param required whether the start fails if it has no key
 * @param profile the profile it is for, if any
 */
record ImportSource(String name, String location, List<KeyRange> ranges, Format format, String dataKey,
		String propertyPrefix, Precedence precedence, boolean refresh, long revision, boolean required,
		@Nullable String profile) {

	/**
	 * Whether this source follows changes of etcd.
	 */
	boolean isFollowed() {
		return this.refresh && this.revision == 0;
	}

	/**
	 * The key, for people to read.
	 */
	String place() {
		return this.ranges.get(0).key();
	}

	@Override
	public String toString() {
		return this.name;
	}

}
