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
 * Gives each unary call of the injected client a deadline, but for those that wait for
 * something else than the network. A deadline at the future alone would leave the call
 * queued, to be applied later.
 */
final class DeadlineInterceptor implements ClientInterceptor {

	/**
	 * They wait for a lock, for an election, or for work that grows with the database.
	 * Where etcd falls silent meanwhile, the keep-alive of the connection ends them.
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
