package io.github.etcddiscovery.config;

import java.time.Instant;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/**
 * The present configuration from etcd, for people to read.
 *
 * @param revision the revision in use, or 0
 * @param readRevision the revision that was read last
 * @param pinnedTo the revision that the configuration is pinned to, or 0
 * @param readAt when the revision in use was read
 * @param source how it was read: {@code live} from a majority of etcd,
 * {@code serializable} from a single member, {@code file} or {@code none}
 * @param error why changes are not followed, or {@code null} while they are
 * @param refused the last revision, if it was rejected or is held
 * @param sources the sources in the order of the environment: the first takes precedence
 * @param history the results of the last revisions, the latest first
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
	 * @param skipped keys that are not properties, and why
	 */
	public record Source(String name, String location, int keys, Map<String, Property> properties,
			Map<String, String> skipped) {
	}

	/**
	 * A property.
	 *
	 * @param value the value; an encrypted value as it is in etcd
	 * @param origin the key of the property
	 * @param changedAt the revision of the last write of its key
	 * @param shadowedBy the source that takes precedence, or {@code null}
	 */
	public record Property(@Nullable Object value, String origin, long changedAt, @Nullable String shadowedBy) {
	}

}
