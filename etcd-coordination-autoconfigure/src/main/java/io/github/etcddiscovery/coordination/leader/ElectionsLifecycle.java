package io.github.etcddiscovery.coordination.leader;

import java.util.Collection;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.context.ApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.EventListener;

/**
 * Campaigns while the application accepts traffic, and hands over when the application
 * shuts down: after the schedulers have stopped starting tasks, and before the
 * registration says goodbye and the web server drains.
 */
public final class ElectionsLifecycle implements SmartLifecycle {

	/**
	 * Below the phase of schedulers, above that of the registration.
	 */
	static final int PHASE = DEFAULT_PHASE - 128;

	private final ApplicationContext context;

	private final @Nullable ApplicationAvailability availability;

	private final Elections elections;

	private final Supplier<Collection<String>> roles;

	private volatile boolean running;

	/**
	 * Create a lifecycle.
	 * @param context the context whose readiness matters
	 * @param availability whether the application accepts traffic already; without it,
	 * only events tell
	 * @param elections the elections
	 * @param roles the roles to campaign for from the start
	 */
	public ElectionsLifecycle(ApplicationContext context, @Nullable ApplicationAvailability availability,
			Elections elections, Supplier<Collection<String>> roles) {
		this.context = context;
		this.availability = availability;
		this.elections = elections;
		this.roles = roles;
	}

	/**
	 * Campaigns when the application begins to accept traffic, and hands over when it
	 * refuses traffic.
	 * @param event the change; that of a child context is ignored
	 */
	@EventListener
	public void onReadinessChange(AvailabilityChangeEvent<ReadinessState> event) {
		boolean ofOther = event.getSource() instanceof ApplicationContext other && other != this.context;
		if (!ofOther) {
			this.elections.accepting(event.getState() == ReadinessState.ACCEPTING_TRAFFIC);
		}
	}

	@Override
	public void start() {
		this.running = true;
		if (this.availability != null) {
			this.elections.accepting(this.availability.getReadinessState() == ReadinessState.ACCEPTING_TRAFFIC);
		}
		this.roles.get().forEach(this.elections::campaign);
		this.elections.start();
	}

	@Override
	public void stop() {
		stop(() -> {
		});
	}

	@Override
	public void stop(Runnable callback) {
		this.running = false;
		this.elections.stop().whenComplete((stopped, failure) -> callback.run());
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	@Override
	public int getPhase() {
		return PHASE;
	}

	/**
	 * Test frameworks pause cached contexts, which is no reason to hand over.
	 */
	@Override
	public boolean isPauseable() {
		return false;
	}

}
