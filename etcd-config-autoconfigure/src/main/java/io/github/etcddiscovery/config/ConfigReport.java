package io.github.etcddiscovery.config;

import java.time.Instant;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * The configuration from etcd as it is now, for people.
 *
 * @param revision the revision that counts, or 0
 * @param readRevision the revision that was read last
 * @param pinnedTo the revision that it is kept at, or 0
 * @param readAt when the revision that counts was read
 * @param source how it was read: {@code live} from a majority of etcd,
 * {@code serializable} from a single member, {@code file} or {@code none}
 * @param error why it is not followed, or {@code null} while it is
 * @param refused the last revision, if it does not count
 * @param sources the sources in the order of the environment: the first counts most
 * @param history what became of the last revisions, the latest first
 */
public record ConfigReport(long revision, long readRevision, long pinnedTo, Instant readAt, String source,
		@Nullable String error, @Nullable Revision refused, List<Source> sources, List<Revision> history) {

	/**
	 * A source of properties.
	 *
	 * @param name its name in the environment
	 * @param location the import that named it
	 * @param keys how many keys it has in etcd
	 * @param properties its properties by name
	 * @param skipped keys that are no properties, and why
	 */
	public record Source(String name, String location, int keys, Map<String, Property> properties,
			Map<String, String> skipped) {
	}

	/**
	 * A property.
	 *
	 * @param value the value; if it is encrypted in etcd, as it stands there
	 * @param origin where it stands
	 * @param changedAt the revision of the last write of its key
	 * @param shadowedBy the source that counts instead, or {@code null}
	 */
	public record Property(@Nullable Object value, String origin, long changedAt, @Nullable String shadowedBy) {
	}

}
