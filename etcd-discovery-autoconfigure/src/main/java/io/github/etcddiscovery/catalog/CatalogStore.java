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
 * Contains the current catalog. Any thread may read it; only the loop updates it, so that
 * no update is lost.
 */
public final class CatalogStore {

	private final EventLoop loop;

	/**
	 * The services of the current catalog again, for look-ups: a hash table is faster
	 * than a tree.
	 */
	private final ConcurrentMap<String, Published> services = new ConcurrentHashMap<>();

	private final List<Consumer<Catalog>> listeners = new CopyOnWriteArrayList<>();

	private volatile Catalog current;

	/**
	 * Create a store.
	 * @param loop the loop on which updates are made
	 * @param initial the first catalog
	 */
	CatalogStore(EventLoop loop, Catalog initial) {
		this.loop = loop;
		this.current = initial;
	}

	/**
	 * The current catalog. From any thread.
	 * @return the catalog, which is immutable
	 */
	public Catalog current() {
		return this.current;
	}

	/**
	 * Look up a service. Takes no lock, allocates nothing, and never sees a part of an
	 * update. From any thread.
	 * @param name the name of the service
	 * @return the service, or {@code null} if the catalog does not have it
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
	 * Replace the catalog and call the listeners, in the order in which they were added.
	 * To be called on the loop.
	 * @param step makes the next catalog from the current one, in one step
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
	 * Publish the changed services. Until the next catalog is the current one, look-ups
	 * return the services of the last one.
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
	 * Add a listener. From any thread.
	 * @param listener is called on the loop with each new catalog, once it is the current
	 * one; must not block
	 */
	public void onChange(Consumer<Catalog> listener) {
		this.listeners.add(listener);
	}

	/**
	 * A service, with its predecessor until its catalog is the current one.
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
