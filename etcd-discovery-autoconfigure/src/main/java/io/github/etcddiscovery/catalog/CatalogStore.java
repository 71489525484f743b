package io.github.etcddiscovery.catalog;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

import io.github.etcddiscovery.core.EventLoop;

/**
 * The one cell that holds the current catalog. It is read by any thread and updated on
 * the loop only, so that no update is lost.
 */
public final class CatalogStore {

	private final EventLoop loop;

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
	 * Replace the catalog and tell those who listen, in the order in which they came. On
	 * the loop.
	 * @param step makes the next catalog of the current one
	 */
	void update(UnaryOperator<Catalog> step) {
		this.loop.assertInLoop();
		Catalog next = step.apply(this.current);
		this.current = next;
		this.listeners.forEach((listener) -> listener.accept(next));
	}

	/**
	 * Be told of each catalog, on the loop, after it has become the current one. From any
	 * thread.
	 * @param listener what is told; must not block
	 */
	public void onChange(Consumer<Catalog> listener) {
		this.listeners.add(listener);
	}

}
