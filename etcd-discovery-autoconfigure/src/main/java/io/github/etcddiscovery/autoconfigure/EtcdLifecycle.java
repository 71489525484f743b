package io.github.etcddiscovery.autoconfigure;

import io.github.etcddiscovery.client.EtcdConnection;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.registry.EtcdServiceRegistry;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.ContextClosedEvent;

/**
 * Lets go of etcd while the context is stopped, so that no connection is open then: a
 * checkpoint of the JVM (CRaC) asks for that. What is known is served on, and all is back
 * when the context is started again. The last to stop and the first to start, since
 * requests that are still served may look something up.
 */
final class EtcdLifecycle implements SmartLifecycle, ApplicationListener<ContextClosedEvent> {

	private final ApplicationContext context;

	private final EtcdConnection connection;

	private final ServiceCatalog catalog;

	private final ObjectProvider<EtcdServiceRegistry> registry;

	/**
	 * The beans are at work from their creation on.
	 */
	private volatile boolean running = true;

	private volatile boolean closing;

	EtcdLifecycle(ApplicationContext context, EtcdConnection connection, ServiceCatalog catalog,
			ObjectProvider<EtcdServiceRegistry> registry) {
		this.context = context;
		this.connection = connection;
		this.catalog = catalog;
		this.registry = registry;
	}

	/**
	 * A context that is closed destroys its beans, which ends them in good order.
	 */
	@Override
	public void onApplicationEvent(ContextClosedEvent event) {
		if (event.getApplicationContext() == this.context) {
			this.closing = true;
		}
	}

	@Override
	public void start() {
		this.connection.open();
		this.catalog.start();
		this.running = true;
	}

	@Override
	public void stop() {
		this.running = false;
		if (!this.closing) {
			this.registry.ifAvailable(EtcdServiceRegistry::close);
			this.catalog.stop();
			this.connection.stop();
		}
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	@Override
	public int getPhase() {
		return Integer.MIN_VALUE;
	}

	/**
	 * Test frameworks pause contexts that they keep; that is no reason to stop.
	 */
	@Override
	public boolean isPauseable() {
		return false;
	}

}
