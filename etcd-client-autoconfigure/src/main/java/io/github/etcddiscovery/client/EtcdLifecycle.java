package io.github.etcddiscovery.client;

import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.ContextClosedEvent;

/**
 * Closes the connections to etcd while the context is stopped, which a checkpoint of the
 * JVM (CRaC) requires. Look-ups are still answered from the mirrors, and everything
 * resumes when the context is started again. The connection is the last to stop and the
 * first to start, next to its users, because requests that are still being served may
 * need a look-up.
 */
public final class EtcdLifecycle implements SmartLifecycle, ApplicationListener<ContextClosedEvent> {

	/**
	 * The phase of the connection.
	 */
	public static final int CONNECTION_PHASE = Integer.MIN_VALUE;

	/**
	 * The phase of beans that use the connection.
	 */
	public static final int DEFAULT_PHASE = CONNECTION_PHASE + 1;

	private final ApplicationContext context;

	private final int phase;

	private final Runnable start;

	private final Runnable stop;

	/**
	 * True from the beginning, because the beans work as soon as they are created.
	 */
	private volatile boolean running = true;

	private volatile boolean closing;

	/**
	 * Create a lifecycle.
	 * @param context the context to follow
	 * @param phase {@link #CONNECTION_PHASE} or {@link #DEFAULT_PHASE}
	 * @param start runs when the context is started again
	 * @param stop runs when the context is stopped, but not when it is closed
	 */
	public EtcdLifecycle(ApplicationContext context, int phase, Runnable start, Runnable stop) {
		this.context = context;
		this.phase = phase;
		this.start = start;
		this.stop = stop;
	}

	/**
	 * A context that closes destroys its beans in order, so this lifecycle must not stop
	 * them before.
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
	 * Test frameworks pause the contexts in their cache, which is no reason to
	 * disconnect.
	 */
	@Override
	public boolean isPauseable() {
		return false;
	}

}
