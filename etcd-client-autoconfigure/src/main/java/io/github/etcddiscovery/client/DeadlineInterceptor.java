package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;

/**
 * Gives each unary call of the injected client a deadline, except calls that wait for
 * more than the network. A timeout on the future alone would leave the call queued, and
 * etcd could apply it later.
 */
final class DeadlineInterceptor implements ClientInterceptor {

	/**
	 * Calls that wait for a lock, for an election, or for work that grows with the
	 * database. If etcd falls silent, the keep-alive of the connection ends them.
	 */
	private static final Set<String> PATIENT = Set.of("v3lockpb.Lock/Lock", "v3electionpb.Election/Campaign",
			"etcdserverpb.KV/Compact", "etcdserverpb.Maintenance/Defragment", "etcdserverpb.Maintenance/Hash",
			"etcdserverpb.Maintenance/HashKV", "etcdserverpb.Maintenance/Snapshot");

	private final Duration requestTimeout;

	DeadlineInterceptor(Duration requestTimeout) {
		this.requestTimeout = requestTimeout;
	}

	@Override
	public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
		boolean bounded = method.getType() == MethodType.UNARY && options.getDeadline() == null
				&& !PATIENT.contains(method.getFullMethodName());
		return next.newCall(method,
				bounded ? options.withDeadlineAfter(this.requestTimeout.toNanos(), TimeUnit.NANOSECONDS) : options);
	}

}
