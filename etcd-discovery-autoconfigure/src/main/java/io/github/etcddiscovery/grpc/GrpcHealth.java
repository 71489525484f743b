package io.github.etcddiscovery.grpc;

import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;

import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.context.ApplicationContext;
import org.springframework.context.event.EventListener;

/**
 * Lets the health service of gRPC, for the server as a whole, say what readiness says: a
 * channel that checks health calls an application when the registry does.
 */
public final class GrpcHealth implements GrpcFarewell {

	private final ApplicationContext context;

	private final HealthStatusManager health;

	/**
	 * Create it.
	 * @param context the context whose readiness counts
	 * @param health what the health service says
	 * @param state the readiness now
	 */
	public GrpcHealth(ApplicationContext context, HealthStatusManager health, ReadinessState state) {
		this.context = context;
		this.health = health;
		say(state);
	}

	/**
	 * Says what readiness says.
	 * @param event the change; that of a child context is passed over
	 */
	@EventListener
	public void onReadinessChange(AvailabilityChangeEvent<ReadinessState> event) {
		if (!(event.getSource() instanceof ApplicationContext other) || other == this.context) {
			say(event.getState());
		}
	}

	@Override
	public void leave() {
		say(ReadinessState.REFUSING_TRAFFIC);
	}

	private void say(ReadinessState state) {
		this.health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES,
				(state == ReadinessState.ACCEPTING_TRAFFIC) ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
	}

}
