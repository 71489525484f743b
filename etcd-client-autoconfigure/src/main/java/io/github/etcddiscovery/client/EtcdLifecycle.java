package io.github.etcddiscovery.client;

import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.ContextClosedEvent;

/**
 * Lets go of etcd while the context is stopped, so that no connection is open then: a
 * checkpoint of the JVM (CRaC) asks for that. What is known is still answered, and all is
 * back when the context is started again. The connection is the last to stop and the
 * first to start, what stands on it comes next: requests that are still served may look
 * something up.
 */
public final class EtcdLifecycle implements SmartLifecycle, ApplicationListener<ContextClosedEvent> {

	/**
	 * The phase of the connection.
	 */
	public static final int CONNECTION_PHASE = Integer.MIN_VALUE;

	/**
	 * The phase of what stands on the connection.
	 */
	public static final int DEFAULT_PHASE = CONNECTION_PHASE + 1;

	private final ApplicationContext context;

	private final int phase;

	private final Runnable start;

	private final Runnable stop;

	/**
	 * The beans are at work from their creation on.
	 */
	private volatile boolean running = true;

	private volatile boolean closing;

	/**
	 * Create a lifecycle.
	 * @param context the context whose stops and starts are followed
	 * @param phase {@link #CONNECTION_PHASE} or {@link #DEFAULT_PHASE}
	 * @param start what to do when the context is started again
	 * @param stop what to do when the context is stopped, but not when it is closed
	 */
	public EtcdLifecycle(ApplicationContext context, int phase, Runnable start, Runnable stop) {
		this.context = context;
		this.phase = phase;
		this.start = start;
		this.stop = stop;
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
		this.start.run();
		this.running = true;
	}

	@Override
	public void stop() {
		this.running = false;
		if (!this.closing) {
			this.stop.run();
		}
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	@Override
	public int getPhase() {
		return this.phase;
	}

	/**
	 * Test frameworks pause contexts that they keep; that is no reason to stop.
	 */
	@Override
	public boolean isPauseable() {
		return false;
	}

}
