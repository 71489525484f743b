package io.github.etcddiscovery.discovery;

import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.watch.Batch;
import io.github.etcddiscovery.watch.Change;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.Position;
import io.github.etcddiscovery.watch.Snapshot;

/**
 * Loses the changes whose value ends in {@code :666}, as etcd itself once did.
 */
final class LossyListerWatcher implements ListerWatcher {

	private final ListerWatcher delegate;

	LossyListerWatcher(ListerWatcher delegate) {
		this.delegate = delegate;
	}

	@Override
	public CompletableFuture<Snapshot> list() {
		return this.delegate.list();
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
				List<Change> changes = batch.changes().stream().filter((change) -> !isLost(change)).toList();
				if (!changes.isEmpty()) {
					handler.changed(new Batch(batch.clusterId(), batch.revision(), changes));
				}
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

	private static boolean isLost(Change change) {
		return change.entry() != null && change.entry().value().endsWith(":666");
	}

}
