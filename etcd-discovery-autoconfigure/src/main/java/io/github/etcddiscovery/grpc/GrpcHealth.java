package io.github.etcddiscovery.grpc;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCall.Listener;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.services.HealthStatusManager;

import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.context.ApplicationContext;
import org.springframework.context.event.EventListener;

/**
 * Makes the gRPC health service report the application's readiness for the server as a
 * whole, so that a channel with health checks agrees with the registry. Other sources,
 * such as actuator's health, can mark a ready application as not serving, but can't mark
 * one that is not ready as serving. Safe for use by any thread.
 */
public final class GrpcHealth implements GrpcFarewell, ServerInterceptor {

	private final ApplicationContext context;

	private final HealthStatusManager health;

	private volatile boolean accepting;

	private volatile boolean left;

	/**
	 * Create an object that follows the readiness of a context.
	 * @param context the context whose readiness counts
	 * @param health the status of gRPC's health service
	 * @param state the current readiness
	 */
	public GrpcHealth(ApplicationContext context, HealthStatusManager health, ReadinessState state) {
		this.context = context;
		this.health = health;
		this.accepting = state == ReadinessState.ACCEPTING_TRAFFIC;
		say();
	}

	/**
	 * Report a change of readiness.
	 * @param event the change; changes of child contexts are ignored
	 */
	@EventListener
	public void onReadinessChange(AvailabilityChangeEvent<ReadinessState> event) {
		if (!(event.getSource() instanceof ApplicationContext other) || other == this.context) {
			this.accepting = event.getState() == ReadinessState.ACCEPTING_TRAFFIC;
			say();
		}
	}

	@Override
	public void leave() {
		this.left = true;
		say();
	}

	@Override
	public void comeBack() {
		this.left = false;
		say();
	}

	private void say() {
		this.health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES,
				isServing() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
	}

	private boolean isServing() {
		return this.accepting && !this.left;
	}

	@Override
	public <Q, A> Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
		if (!HealthGrpc.SERVICE_NAME.equals(call.getMethodDescriptor().getServiceName())) {
			return next.startCall(call, headers);
		}
		HealthCall<Q, A> healthCall = new HealthCall<>(call);
		return new SimpleForwardingServerCallListener<>(next.startCall(healthCall, headers)) {

			@Override
			public void onMessage(Q message) {
				healthCall.whole = message instanceof HealthCheckRequest request && request.getService().isEmpty();
				super.onMessage(message);
			}

		};
	}

	/**
	 * A health check of the server as a whole, or of one of its services.
	 */
	private final class HealthCall<Q, A> extends SimpleForwardingServerCall<Q, A> {

		private volatile boolean whole;

		HealthCall(ServerCall<Q, A> call) {
			super(call);
		}

		@Override
		@SuppressWarnings("unchecked")
		public void sendMessage(A message) {
			boolean wrong = this.whole && message instanceof HealthCheckResponse response
					&& response.getStatus() != ServingStatus.NOT_SERVING && !isServing();
			super.sendMessage(wrong ? (A) HealthCheckResponse.newBuilder().setStatus(ServingStatus.NOT_SERVING).build()
					: message);
		}

	}

}
