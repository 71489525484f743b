package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

import com.google.protobuf.Empty;
import io.etcd.jetcd.api.AlarmRequest;
import io.etcd.jetcd.api.ClusterGrpc;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.LeaseTimeToLiveRequest;
import io.etcd.jetcd.api.MaintenanceGrpc;
import io.etcd.jetcd.api.MemberListRequest;
import io.etcd.jetcd.api.StatusRequest;
import io.etcd.jetcd.api.StatusResponse;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.protobuf.ProtoUtils;
import org.jspecify.annotations.Nullable;

/**
 * Asks etcd about its members, alarms and leases, for people to look at. The questions
 * are independent: where the user of the connection lacks a permission, only that future
 * fails. Every future completes within the request timeout. Safe for use by any thread.
 */
public final class ClusterInspector {

	/**
	 * The field with the quota of the database, which etcd 3.6 and newer send and jetcd
	 * does not know.
	 */
	private static final int QUOTA_FIELD = 12;

	/**
	 * A method that jetcd does not know. Its request is empty, and only the number of
	 * leases in its response is used.
	 */
	private static final MethodDescriptor<Empty, Empty> LEASES = MethodDescriptor.<Empty, Empty>newBuilder()
		.setType(MethodType.UNARY)
		.setFullMethodName(MethodDescriptor.generateFullMethodName(LeaseGrpc.SERVICE_NAME, "LeaseLeases"))
		.setRequestMarshaller(ProtoUtils.marshaller(Empty.getDefaultInstance()))
		.setResponseMarshaller(ProtoUtils.marshaller(Empty.getDefaultInstance()))
		.build();

	private static final int LEASES_FIELD = 2;

	private final EtcdConnection connection;

	/**
	 * Create an inspector.
	 * @param connection carries the requests
	 */
	public ClusterInspector(EtcdConnection connection) {
		this.connection = connection;
	}

	/**
	 * Ask each endpoint of the connection for its status.
	 * @return one status for each endpoint, with a failure where there was no answer
	 */
	public CompletableFuture<List<EndpointStatus>> endpoints() {
		return this.connection.readEach(MaintenanceGrpc.getStatusMethod(), StatusRequest.getDefaultInstance())
			.thenCompose((answers) -> {
				List<CompletableFuture<EndpointStatus>> all = new ArrayList<>();
				answers.forEach((endpoint, answer) -> all.add(answer.handle((status, failure) -> (failure != null)
						? EndpointStatus.failed(endpoint, failure) : EndpointStatus.of(endpoint, status))));
				return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
					.thenApply((done) -> all.stream().map(CompletableFuture::join).toList());
			});
	}

	/**
	 * Ask for the members of the cluster.
	 * @return the members, including learners and members that have not started yet
	 */
	public CompletableFuture<List<ClusterMember>> members() {
		return this.connection.read(ClusterGrpc.getMemberListMethod(), MemberListRequest.getDefaultInstance())
			.thenApply((response) -> response.getMembersList()
				.stream()
				.map((member) -> new ClusterMember(member.getID(), member.getName(),
						List.copyOf(member.getClientURLsList()), member.getIsLearner()))
				.toList());
	}

	/**
	 * Ask for the alarms that are raised, such as {@code NOSPACE}.
	 * @return the name of each alarm, with the id of its member in hexadecimal
	 */
	public CompletableFuture<List<String>> alarms() {
		return this.connection.read(MaintenanceGrpc.getAlarmMethod(), AlarmRequest.getDefaultInstance())
			.thenApply((response) -> response.getAlarmsList()
				.stream()
				.map((alarm) -> "%s at member %x".formatted(alarm.getAlarm(), alarm.getMemberID()))
				.toList());
	}

	/**
	 * Ask for the number of leases.
	 * @return how many leases etcd has
	 */
	public CompletableFuture<Integer> leases() {
		return this.connection.read(LEASES, Empty.getDefaultInstance())
			.thenApply(
					(response) -> response.getUnknownFields().getField(LEASES_FIELD).getLengthDelimitedList().size());
	}

	/**
	 * Ask for the remaining time of a lease.
	 * @param leaseId the id of the lease
	 * @return its times, both zero if the lease has ended
	 */
	public CompletableFuture<LeaseTime> lease(long leaseId) {
		LeaseTimeToLiveRequest request = LeaseTimeToLiveRequest.newBuilder().setID(leaseId).build();
		return this.connection.read(LeaseGrpc.getLeaseTimeToLiveMethod(), request)
			.thenApply((response) -> new LeaseTime(Duration.ofSeconds(Math.max(0, response.getTTL())),
					Duration.ofSeconds(Math.max(0, response.getGrantedTTL()))));
	}

	/**
	 * The times of a lease.
	 *
	 * @param left the time until the lease expires without another renewal
	 * @param granted its time to live after each renewal
	 */
	public record LeaseTime(Duration left, Duration granted) {
	}

	/**
	 * A member of the cluster.
	 *
	 * @param id the id of the member
	 * @param name its name; empty if the member has not started yet
	 * @param clientUrls the URLs at which it serves clients
	 * @param learner whether the member is a learner, which does not vote
	 */
	public record ClusterMember(long id, String name, List<String> clientUrls, boolean learner) {
	}

	/**
	 * The status of one endpoint.
	 *
	 * @param endpoint the endpoint
	 * @param failure why the endpoint did not answer; {@code null} if it did
	 * @param version the version of etcd
	 * @param member the id of the member that answered
	 * @param leader the id of the leader that the member follows; 0 if there is none
	 * @param term the term of the leader
	 * @param revision the revision that the member has reached
	 * @param size the size of its database, in bytes
	 * @param sizeInUse how many of these bytes are in use
	 * @param quota how large the database may become, in bytes; 0 if etcd does not tell
	 * @param learner whether the member is a learner, which does not vote
	 * @param errors the errors that the member reports
	 */
	public record EndpointStatus(String endpoint, @Nullable String failure, String version, long member, long leader,
			long term, long revision, long size, long sizeInUse, long quota, boolean learner, List<String> errors) {

		static EndpointStatus of(Endpoint endpoint, StatusResponse status) {
			List<Long> quota = status.getUnknownFields().getField(QUOTA_FIELD).getVarintList();
			return new EndpointStatus(endpoint.toString(), null, status.getVersion(), status.getHeader().getMemberId(),
					status.getLeader(), status.getRaftTerm(), status.getHeader().getRevision(), status.getDbSize(),
					status.getDbSizeInUse(), quota.isEmpty() ? 0 : quota.get(0), status.getIsLearner(),
					List.copyOf(status.getErrorsList()));
		}

		static EndpointStatus failed(Endpoint endpoint, Throwable failure) {
			return new EndpointStatus(endpoint.toString(), EtcdAccessException.of(failure).describe(), "", 0, 0, 0, 0,
					0, 0, 0, false, List.of());
		}

	}

}
