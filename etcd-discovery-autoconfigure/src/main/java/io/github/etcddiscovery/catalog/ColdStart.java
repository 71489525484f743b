package io.github.etcddiscovery.catalog;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.Jitter;
import io.github.etcddiscovery.core.ThreadEventLoop;
import org.jspecify.annotations.Nullable;

/**
 * A start while etcd is away. While the catalog follows etcd, it is written to the
 * snapshot file now and then; the file is read when etcd can't be reached at the start.
 * Only a thread of its own accesses the disk.
 */
final class ColdStart implements AutoCloseable {

	private static final Duration SAVE_INTERVAL = Duration.ofSeconds(5);

	private final @Nullable CatalogFile file;

	private final EventLoop loop;

	private final EventLoop disk = new ThreadEventLoop("etcd-snapshot");

	private final Duration patience;

	private final Consumer<CatalogFile.Content> adopt;

	private final CatalogStore store;

	private final CompletableFuture<Void> restored = new CompletableFuture<>();

	private boolean waiting;

	private boolean decided;

	private boolean saving;

	private @Nullable Catalog saved;

	private ColdStart(@Nullable CatalogFile file, EventLoop loop, Duration patience,
			Consumer<CatalogFile.Content> adopt, CatalogStore store) {
		this.file = file;
		this.loop = loop;
		this.patience = patience;
		this.adopt = adopt;
		this.store = store;
	}

	/**
	 * Create a cold start, which does nothing if the settings have no file.
	 * @param settings the settings of the catalog
	 * @param loop the loop of the catalog
	 * @param adopt receives the content of the file, on the loop
	 * @param store has the catalog to write
	 */
	static ColdStart of(CatalogSettings settings, EventLoop loop, Consumer<CatalogFile.Content> adopt,
			CatalogStore store) {
		Path path = settings.snapshotFile();
		CatalogFile file = (path != null) ? new CatalogFile(path, settings.places().all(), settings.origins()) : null;
		return new ColdStart(file, loop, settings.syncTimeout().dividedBy(2), adopt, store);
	}

	/**
	 * A list of etcd has begun. If etcd does not answer, it counts as unreachable after
	 * half of the time that look-ups wait. To be called on the loop.
	 */
	void asked() {
		if (this.file != null && !this.waiting) {
			this.waiting = true;
			this.loop.schedule(this::restore, this.patience);
		}
	}

	/**
	 * Completes together with a future, or when the file was restored.
	 */
	CompletableFuture<Void> orRestored(CompletableFuture<Void> known) {
		return (this.file != null) ? CompletableFuture.anyOf(known, this.restored).thenAccept((either) -> {
		}) : known;
	}

	/**
	 * etcd can't be reached, so the file is read. To be called on the loop.
	 */
	void restore() {
		CatalogFile file = this.file;
		if (file == null || this.decided) {
			return;
		}
		this.decided = true;
		this.disk.execute(() -> file.load().ifPresent((content) -> this.loop.execute(() -> {
			this.adopt.accept(content);
			this.restored.complete(null);
		})));
	}

	/**
	 * The catalog follows etcd. To be called on the loop.
	 */
	void synced() {
		this.decided = true;
		if (this.file != null && !this.saving) {
			this.saving = true;
			save(this.file);
		}
	}

	private void save(CatalogFile file) {
		Catalog catalog = this.store.current();
		if (catalog != this.saved) {
			this.saved = catalog;
			this.disk.execute(() -> {
				if (!file.save(catalog)) {
					this.loop.execute(() -> this.saved = null);
				}
			});
		}
		this.loop.schedule(() -> save(file), Jitter.around(SAVE_INTERVAL));
	}

	@Override
	public void close() {
		this.disk.close();
	}

}
