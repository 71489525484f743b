package io.github.etcddiscovery.config;

import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.Snapshot;

/**
 * The requests to etcd that configuration makes. Calls do not block.
 */
interface ConfigStore extends AutoCloseable {

	/**
	 * Read ranges at one revision.
	 * @param ranges the ranges
	 * @param revision the revision, or 0 for the present one
	 * @return a snapshot for each range, all of one revision; fails with an
	 * {@link EtcdAccessException}, within a deadline
	 */
	CompletableFuture<List<Snapshot>> read(List<KeyRange> ranges, long revision);

	/**
	 * Read ranges from a single member, which may be behind.
	 * @param ranges the ranges
	 * @return a snapshot for each range, all of one revision; fails with an
	 * {@link EtcdAccessException}, within a deadline
	 */
	CompletableFuture<List<Snapshot>> readStale(List<KeyRange> ranges);

	/**
	 * Create a watcher of a range.
	 * @param range the range
	 * @return the watcher
	 */
	ListerWatcher watcher(KeyRange range);

	/**
	 * The identity of etcd: its endpoints and namespace.
	 * @return the names
	 */
	List<String> origins();

	/**
	 * The user of the requests.
	 * @return the user, or an empty string
	 */
	String user();

	@Override
	void close();

}
