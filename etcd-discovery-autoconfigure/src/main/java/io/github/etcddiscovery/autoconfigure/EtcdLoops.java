package io.github.etcddiscovery.autoconfigure;

import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.ThreadEventLoop;

/**
 * The threads of the starter. There are three so that a slow listener holds up neither
 * the catalog nor the renewals, and a large list not the renewals either.
 */
final class EtcdLoops implements AutoCloseable {

	private final EventLoop registration = new ThreadEventLoop("etcd-registration");

	private final EventLoop discovery = new ThreadEventLoop("etcd-discovery");

	private final EventLoop events = new ThreadEventLoop("etcd-events");

	EventLoop registration() {
		return this.registration;
	}

	EventLoop discovery() {
		return this.discovery;
	}

	EventLoop events() {
		return this.events;
	}

	@Override
	public void close() {
		this.registration.close();
		this.discovery.close();
		this.events.close();
	}

}
