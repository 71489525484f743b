package io.github.etcddiscovery.config;

import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.Snapshot;

/**
 * What configuration needs of etcd. Calls return at once.
 */
interface ConfigStore extends AutoCloseable {

	/**
	 * Read ranges at one revision.
	 * @param ranges the ranges
	 * @param revision the revision, or 0 for what is true now
	 * @return a snapshot for each range, all of one revision; fails with an
	 * {@link EtcdAccessException}, within a deadline
	 */
	CompletableFuture<List<Snapshot>> read(List<KeyRange> ranges, long revision);

	/**
	 * Read ranges as a single member has them.
	 * @param ranges the ranges
	 * @return a snapshot for each range, all of one revision; fails with an
	 * {@link EtcdAccessException}, within a deadline
	 */
	CompletableFuture<List<Snapshot>> readStale(List<KeyRange> ranges);

	/**
	 * Watches a range.
	 * @param range the range
	 * @return what watches it
	 */
	ListerWatcher watcher(KeyRange range);

	/**
	 * Which etcd it is, by its endpoints and namespace.
	 * @return the names
	 */
	List<String> origins();

	/**
	 * The user that etcd is asked as.
	 * @return the user, or an empty text
	 */
	String user();

	@Override
	void close();

}
