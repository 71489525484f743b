package io.github.etcddiscovery.config;

import java.util.List;

import io.github.etcddiscovery.watch.KeyRange;
import org.jspecify.annotations.Nullable;

/**
 * One source of properties in etcd, as an import names it.
 *
 * @param name its name in the environment
 * @param location the import that named it
 * @param ranges where its keys are; what stands in the last one counts most
 * @param format how properties stand there
 * @param dataKey the key below it whose value is a document
 * @param propertyPrefix put before the name of each property
 * @param precedence how much it counts
 * @param refresh whether it is followed
 * @param revision the revision to read at, or 0
 * @param required whether the start fails if it has no key
 * @param profile the profile it is for, if any
 */
record ImportSource(String name, String location, List<KeyRange> ranges, Format format, String dataKey,
		String propertyPrefix, Precedence precedence, boolean refresh, long revision, boolean required,
		@Nullable String profile) {

	/**
	 * Whether a change of etcd changes it.
	 */
	boolean isFollowed() {
		return this.refresh && this.revision == 0;
	}

	/**
	 * The key as it is told to people.
	 */
	String place() {
		return this.ranges.get(0).key();
	}

	@Override
	public String toString() {
		return this.name;
	}

}
