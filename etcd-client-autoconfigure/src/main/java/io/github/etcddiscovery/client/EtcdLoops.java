package io.github.etcddiscovery.client;

import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.ThreadEventLoop;

/**
 * The threads shared by everything that uses the connection. There are three, so that a
 * slow listener delays neither mirrors nor lease renewals, and a large list does not
 * delay renewals. Each thread starts with its first task.
 */
public final class EtcdLoops implements AutoCloseable {

	private final EventLoop leases = new ThreadEventLoop("etcd-registration");

	private final EventLoop mirrors = new ThreadEventLoop("etcd-discovery");

	private final EventLoop events = new ThreadEventLoop("etcd-events");

	/**
	 * The loop of the leases and the keys under them.
	 * @return the loop, which the caller must not close
	 */
	public EventLoop leases() {
		return this.leases;
	}

	/**
	 * The loop of the mirrors.
	 * @return the loop, which the caller must not close
	 */
	public EventLoop mirrors() {
		return this.mirrors;
	}

	/**
	 * The loop on which the application's listeners are called.
	 * @return the loop, which the caller must not close
	 */
	public EventLoop events() {
		return this.events;
	}

	@Override
	public void close() {
		this.leases.close();
		this.mirrors.close();
		this.events.close();
	}

}
