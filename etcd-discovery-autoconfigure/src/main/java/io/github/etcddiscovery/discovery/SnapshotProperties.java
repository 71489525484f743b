package io.github.etcddiscovery.discovery;

import java.nio.file.Path;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The snapshot file, for a start while etcd is away.
 *
 * @param enabled whether the known instances are written to the snapshot file, and read
 * from it when etcd can't be reached at the start
 * @param file the snapshot file, which no other application may use, in a directory that
 * other users can't write to
 */
public record SnapshotProperties(@DefaultValue("false") boolean enabled, @Nullable Path file) {

	/**
	 * Validate that a file is configured.
	 */
	public SnapshotProperties {
		EtcdDiscoveryProperties.require(!enabled || file != null, "snapshot.file", "",
				"It must be set, since 'spring.cloud.etcd.discovery.snapshot.enabled' is true");
	}

}
