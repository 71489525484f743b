package io.github.etcddiscovery.watch;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;

/**
 * A {@link ListerWatcher} that answers when a test says so, and what it says.
 */
final class FakeListerWatcher implements ListerWatcher {

	static final long CLUSTER = 0xC1;

	private final List<CompletableFuture<Snapshot>> lists = new CopyOnWriteArrayList<>();

	private final List<CompletableFuture<Snapshot>> staleLists = new CopyOnWriteArrayList<>();

	private final List<CompletableFuture<Position>> positions = new CopyOnWriteArrayList<>();

	private final List<CompletableFuture<Boolean>> comparisons = new CopyOnWriteArrayList<>();

	private final List<FakeWatch> watches = new CopyOnWriteArrayList<>();

	@Override
	public CompletableFuture<Snapshot> list() {
		CompletableFuture<Snapshot> list = new CompletableFuture<>();
		this.lists.add(list);
		return list;
	}

	@Override
	public CompletableFuture<Snapshot> listStale() {
		CompletableFuture<Snapshot> list = new CompletableFuture<>();
		this.staleLists.add(list);
		return list;
	}

	@Override
	public CompletableFuture<Position> position() {
		CompletableFuture<Position> position = new CompletableFuture<>();
		this.positions.add(position);
		return position;
	}

	@Override
	public CompletableFuture<Boolean> differs(Snapshot mirror) {
		CompletableFuture<Boolean> comparison = new CompletableFuture<>();
		this.comparisons.add(comparison);
		return comparison;
	}

	@Override
	public Watch watch(long fromRevision, Handler handler) {
		FakeWatch watch = new FakeWatch(fromRevision, handler);
		this.watches.add(watch);
		return watch;
	}

	List<CompletableFuture<Snapshot>> lists() {
		return this.lists;
	}

	CompletableFuture<Snapshot> lastList() {
		return this.lists.get(this.lists.size() - 1);
	}

	List<CompletableFuture<Snapshot>> staleLists() {
		return this.staleLists;
	}

	List<CompletableFuture<Position>> positions() {
		return this.positions;
	}

	CompletableFuture<Position> lastPosition() {
		return this.positions.get(this.positions.size() - 1);
	}

	List<CompletableFuture<Boolean>> comparisons() {
		return this.comparisons;
	}

	CompletableFuture<Boolean> lastComparison() {
		return this.comparisons.get(this.comparisons.size() - 1);
	}

	List<FakeWatch> watches() {
		return this.watches;
	}

	FakeWatch lastWatch() {
		return this.watches.get(this.watches.size() - 1);
	}

	static EtcdAccessException failure(Kind kind) {
		return new EtcdAccessException(kind, "failed: " + kind, null);
	}

	/**
	 * A watch that sees what a test tells it, and gives a sign of life when asked for one
	 * until it is silenced.
	 */
	static final class FakeWatch implements Watch {

		private final long fromRevision;

		private final Handler handler;

		private volatile int closed;

		private volatile long revision;

		private volatile boolean silent;

		private volatile boolean gone;

		private volatile boolean shunned;

		FakeWatch(long fromRevision, Handler handler) {
			this.fromRevision = fromRevision;
			this.handler = handler;
		}

		long fromRevision() {
			return this.fromRevision;
		}

		Handler handler() {
			return this.handler;
		}

		void silence() {
			this.silent = true;
		}

		/**
		 * Silent, since nobody is at the other end.
		 */
		void lose() {
			this.silent = true;
			this.gone = true;
		}

		void created(long revision) {
			this.revision = revision;
			this.handler.created(CLUSTER, revision);
		}

		void changed(Change... changes) {
			long revision = Arrays.stream(changes).mapToLong(Change::revision).max().orElseThrow();
			this.revision = revision;
			this.handler.changed(new Batch(CLUSTER, revision, List.of(changes)));
		}

		void failed(Kind kind) {
			this.handler.failed(failure(kind));
		}

		@Override
		public void requestProgress() {
			if (!this.silent) {
				this.handler.alive(CLUSTER, this.revision);
			}
		}

		@Override
		public CompletableFuture<Void> ping() {
			return this.gone ? CompletableFuture.failedFuture(failure(Kind.TIMED_OUT))
					: CompletableFuture.completedFuture(null);
		}

		@Override
		public void shun() {
			this.shunned = true;
		}

		@Override
		public void close() {
			this.closed++;
		}

		boolean shunned() {
			return this.shunned;
		}

		int closed() {
			return this.closed;
		}

	}

}
