package io.github.etcddiscovery.config;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.client.BootstrapConnection;
import io.github.etcddiscovery.client.JetcdListerWatcher;
import io.github.etcddiscovery.client.JetcdRanges;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.Snapshot;

/**
 * Reads from etcd, over one connection from the first import to the end of the context.
 */
final class EtcdConfigStore implements ConfigStore {

	private final BootstrapConnection bootstrap;

	private final JetcdRanges ranges;

	/**
	 * Create the store; it connects with the first read.
	 * @param bootstrap the connection
	 */
	EtcdConfigStore(BootstrapConnection bootstrap) {
		this.bootstrap = bootstrap;
		this.ranges = new JetcdRanges(bootstrap.connection());
	}

	@Override
	public CompletableFuture<List<Snapshot>> read(List<KeyRange> ranges, long revision) {
		return this.ranges.read(ranges, revision);
	}

	@Override
	public CompletableFuture<List<Snapshot>> readStale(List<KeyRange> ranges) {
		return this.ranges.readStale(ranges);
	}

	@Override
	public ListerWatcher watcher(KeyRange range) {
		return new JetcdListerWatcher(this.bootstrap.connection(), range);
	}

	@Override
	public List<String> origins() {
		String namespace = Objects.requireNonNullElse(this.bootstrap.properties().namespace(), "");
		return this.bootstrap.details().getEndpoints().stream().map((endpoint) -> endpoint + "/" + namespace).toList();
	}

	@Override
	public String user() {
		return Objects.requireNonNullElse(this.bootstrap.details().getUsername(), "");
	}

	@Override
	public void close() {
		this.bootstrap.close();
	}

}
