package io.github.etcddiscovery.catalog;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

import io.github.etcddiscovery.core.EventLoop;
import org.jspecify.annotations.Nullable;

/**
 * The one cell that holds the current catalog. It is read by any thread and updated on
 * the loop only, so that no update is lost.
 */
public final class CatalogStore {

	private final EventLoop loop;

	/**
	 * The services of the current catalog once more, for look-ups: a hash is faster than
	 * a tree.
	 */
	private final ConcurrentMap<String, Published> services = new ConcurrentHashMap<>();

	private final List<Consumer<Catalog>> listeners = new CopyOnWriteArrayList<>();

	private volatile Catalog current;

	/**
	 * Create a store.
	 * @param loop the loop that updates are made on
	 * @param initial the first catalog
	 */
	CatalogStore(EventLoop loop, Catalog initial) {
		this.loop = loop;
		this.current = initial;
	}

	/**
	 * The current catalog. From any thread.
	 * @return the catalog
	 */
	public Catalog current() {
		return this.current;
	}

	/**
	 * Look a service up. Takes neither a lock nor memory, and never sees a part of a step
	 * from one catalog to the next. From any thread.
	 * @param name the name of the service
	 * @return the service, or {@code null} if nothing is known of it
	 */
	public @Nullable CatalogService service(String name) {
		Published published = this.services.get(name);
		if (published == null) {
			return null;
		}
		CatalogService service = published.at(this.current.version());
		return service.isEmpty() ? null : service;
	}

	/**
	 * Replace the catalog and tell those who listen, in the order in which they came. On
	 * the loop.
	 * @param step makes the next catalog of the current one, in one step
	 */
	void update(UnaryOperator<Catalog> step) {
		this.loop.assertInLoop();
		Catalog last = this.current;
		Catalog next = step.apply(last);
		if (next != last) {
			publish(last, next);
		}
		this.listeners.forEach((listener) -> listener.accept(next));
	}

	/**
	 * Until the next catalog is the current one, look-ups see what the services were
	 * before.
	 */
	private void publish(Catalog last, Catalog next) {
		if (next.version() != last.version() + 1) {
			throw new IllegalStateException("Not one step from version %d of the catalog to version %d"
				.formatted(last.version(), next.version()));
		}
		List<Published> published = new ArrayList<>(next.touched().size());
		for (String name : next.touched()) {
			Published service = new Published(next.service(name), next.version(), last.service(name));
			this.services.put(name, service);
			published.add(service);
		}
		this.current = next;
		published.forEach((service) -> service.before = null);
		for (String name : next.touched()) {
			if (next.service(name).isEmpty()) {
				this.services.remove(name);
			}
		}
	}

	/**
	 * Be told of each catalog, on the loop, after it has become the current one. From any
	 * thread.
	 * @param listener what is told; must not block
	 */
	public void onChange(Consumer<Catalog> listener) {
		this.listeners.add(listener);
	}

	/**
	 * A service, and what it was before until the catalog that it belongs to is the
	 * current one.
	 */
	private static final class Published {

		private final CatalogService service;

		private final long version;

		private volatile @Nullable CatalogService before;

		Published(CatalogService service, long version, CatalogService before) {
			this.service = service;
			this.version = version;
			this.before = before;
		}

		CatalogService at(long version) {
			if (this.version <= version) {
				return this.service;
			}
			CatalogService before = this.before;
			return (before != null) ? before : this.service;
		}

	}

}
