package io.github.etcddiscovery.catalog;

import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.Position;
import io.github.etcddiscovery.watch.Snapshot;

/**
 * Asks an etcd that does not answer.
 */
public final class UnansweredListerWatcher implements ListerWatcher {

	@Override
	public CompletableFuture<Snapshot> list() {
		return new CompletableFuture<>();
	}

	@Override
	public CompletableFuture<Position> position() {
		return new CompletableFuture<>();
	}

	@Override
	public Watch watch(long fromRevision, Handler handler) {
		throw new IllegalStateException("Nothing was listed");
	}

}
