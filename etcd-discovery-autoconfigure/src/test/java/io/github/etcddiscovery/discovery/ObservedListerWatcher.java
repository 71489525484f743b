package io.github.etcddiscovery.discovery;

import java.util.Set;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.watch.Batch;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.Position;
import io.github.etcddiscovery.watch.Snapshot;

/**
 * Notes every key that etcd sent.
 */
final class ObservedListerWatcher implements ListerWatcher {

	private final ListerWatcher delegate;

	private final Set<String> received;

	ObservedListerWatcher(ListerWatcher delegate, Set<String> received) {
		this.delegate = delegate;
		this.received = received;
	}

	@Override
	public CompletableFuture<Snapshot> list() {
		return this.delegate.list().thenApply((snapshot) -> {
			this.received.addAll(snapshot.entries().keySet());
			return snapshot;
		});
	}

	@Override
	public CompletableFuture<Position> position() {
		return this.delegate.position();
	}

	@Override
	public Watch watch(long fromRevision, Handler handler) {
		return this.delegate.watch(fromRevision, new Handler() {

			@Override
			public void created(long clusterId, long revision) {
				handler.created(clusterId, revision);
			}

			@Override
			public void changed(Batch batch) {
				batch.changes().forEach((change) -> ObservedListerWatcher.this.received.add(change.key()));
				handler.changed(batch);
			}

			@Override
			public void alive(long clusterId, long revision) {
				handler.alive(clusterId, revision);
			}

			@Override
			public void failed(EtcdAccessException failure) {
				handler.failed(failure);
			}

		});
	}

}
