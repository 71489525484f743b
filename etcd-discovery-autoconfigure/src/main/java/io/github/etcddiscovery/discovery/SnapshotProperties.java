package io.github.etcddiscovery.discovery;

import java.nio.file.Path;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What is kept on disk for a start while etcd is away.
 *
 * @param enabled whether the known instances are written to a file, and read from it when
 * etcd can't be reached at the start
 * @param file the file, of this application alone, in a directory that others can't write
 * to
 */
public record SnapshotProperties(@DefaultValue("false") boolean enabled, @Nullable Path file) {

	/**
	 * Check that there is a file.
	 */
	public SnapshotProperties {
		EtcdDiscoveryProperties.require(!enabled || file != null, "snapshot.file", "",
				"It must be set, since 'spring.cloud.etcd.discovery.snapshot.enabled' is true");
	}

}
