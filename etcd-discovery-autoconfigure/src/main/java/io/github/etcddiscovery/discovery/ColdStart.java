package io.github.etcddiscovery.discovery;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;

import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.Jitter;
import io.github.etcddiscovery.core.ThreadEventLoop;
import org.jspecify.annotations.Nullable;

/**
 * A start while etcd is away: the catalog is written to disk now and then while it
 * follows etcd, and read from there when etcd can't be reached at the start. The disk is
 * touched by a thread of its own only.
 */
final class ColdStart implements AutoCloseable {

	private static final Duration SAVE_INTERVAL = Duration.ofSeconds(5);

	private final CatalogFile file;

	private final EventLoop loop;

	private final EventLoop disk = new ThreadEventLoop("etcd-snapshot");

	private final Duration patience;

	private final Consumer<CatalogFile.Content> adopt;

	private final Supplier<Catalog> current;

	private final CompletableFuture<Void> restored = new CompletableFuture<>();

	private boolean waiting;

	private boolean decided;

	private boolean saving;

	private @Nullable Catalog saved;

	private ColdStart(CatalogFile file, EventLoop loop, Duration patience, Consumer<CatalogFile.Content> adopt,
			Supplier<Catalog> current) {
		this.file = file;
		this.loop = loop;
		this.patience = patience;
		this.adopt = adopt;
		this.current = current;
	}

	/**
	 * Create what the settings ask for.
	 * @param settings the settings
	 * @param loop the loop of the catalog
	 * @param adopt takes the catalog from disk over, on the loop
	 * @param current the catalog to write
	 * @return {@code null} if nothing is kept on disk
	 */
	static @Nullable ColdStart of(CatalogSettings settings, EventLoop loop, Consumer<CatalogFile.Content> adopt,
			Supplier<Catalog> current) {
		Path file = settings.snapshot().file();
		return (settings.snapshot().enabled() && file != null)
				? new ColdStart(new CatalogFile(file, settings.places().all(), settings.origins()), loop,
						settings.syncTimeout().dividedBy(2), adopt, current)
				: null;
	}

	/**
	 * etcd is being asked, for the first time or again. One that does not answer is as
	 * far away as one that refuses: then half the time that look-ups wait is enough. On
	 * the loop.
	 */
	void asked() {
		if (!this.waiting) {
			this.waiting = true;
			this.loop.schedule(this::restore, this.patience);
		}
	}

	/**
	 * Completes when something was restored, and never if nothing was.
	 */
	CompletableFuture<Void> restored() {
		return this.restored;
	}

	/**
	 * etcd can't be reached. On the loop.
	 */
	void restore() {
		if (this.decided) {
			return;
		}
		this.decided = true;
		this.disk.execute(() -> this.file.load().ifPresent((content) -> this.loop.execute(() -> {
			this.adopt.accept(content);
			this.restored.complete(null);
		})));
	}

	/**
	 * The catalog follows etcd. On the loop.
	 */
	void synced() {
		this.decided = true;
		if (!this.saving) {
			this.saving = true;
			save();
		}
	}

	private void save() {
		Catalog catalog = this.current.get();
		if (catalog != this.saved) {
			this.saved = catalog;
			this.disk.execute(() -> {
				if (!this.file.save(catalog)) {
					this.loop.execute(() -> this.saved = null);
				}
			});
		}
		this.loop.schedule(this::save, Jitter.around(SAVE_INTERVAL));
	}

	@Override
	public void close() {
		this.disk.close();
	}

}
