package io.github.etcddiscovery.console;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

import io.github.etcddiscovery.client.ClusterInspector;
import io.github.etcddiscovery.client.ClusterInspector.ClusterMember;
import io.github.etcddiscovery.client.ClusterInspector.EndpointStatus;
import io.github.etcddiscovery.client.ClusterInspector.LeaseTime;
import io.github.etcddiscovery.core.EtcdAccessException;
import org.jspecify.annotations.Nullable;

/**
 * The state of etcd's members and of leases. The same request is made at most once in two
 * seconds, however many pages are open. Safe for use by any thread.
 */
final class ClusterView {

	private static final long FRESH = TimeUnit.SECONDS.toNanos(2);

	private static final int MAX_LEASES = 100;

	private final ClusterInspector inspector;

	private final LongSupplier nanoTime;

	private final Map<Long, Asked<LeaseTime>> leases = new HashMap<>();

	private @Nullable Asked<Etcd> etcd;

	/**
	 * Create a view.
	 * @param inspector makes the requests to etcd
	 * @param nanoTime a monotonic clock
	 */
	ClusterView(ClusterInspector inspector, LongSupplier nanoTime) {
		this.inspector = inspector;
		this.nanoTime = nanoTime;
	}

	/**
	 * The state of etcd. Waits for etcd, at most for the deadline of a request.
	 */
	Etcd etcd() {
		return ask().answer.join();
	}

	private synchronized Asked<Etcd> ask() {
		long now = this.nanoTime.getAsLong();
		if (this.etcd == null || now - this.etcd.at >= FRESH) {
			CompletableFuture<Part<List<Endpoint>>> endpoints = part(
					this.inspector.endpoints().thenApply((all) -> all.stream().map(Endpoint::of).toList()));
			CompletableFuture<Part<List<Member>>> members = part(
					this.inspector.members().thenApply((all) -> all.stream().map(Member::of).toList()));
			CompletableFuture<Part<List<String>>> alarms = part(this.inspector.alarms());
			CompletableFuture<Part<Integer>> leases = part(this.inspector.leases());
			this.etcd = new Asked<>(now, CompletableFuture.allOf(endpoints, members, alarms, leases)
				.thenApply((done) -> new Etcd(endpoints.join(), members.join(), alarms.join(), leases.join())));
		}
		return this.etcd;
	}

	private static <T> CompletableFuture<Part<T>> part(CompletableFuture<T> answer) {
		return answer.handle(
				(value, failure) -> (failure != null) ? new Part<>(null, describe(failure)) : new Part<>(value, null));
	}

	private static String describe(Throwable failure) {
		return EtcdAccessException
			.of((failure instanceof CompletionException && failure.getCause() != null) ? failure.getCause() : failure)
			.describe();
	}

	/**
	 * The remaining time of leases, as far as etcd tells.
	 * @param ids their ids in hexadecimal
	 */
	Map<String, Lease> leases(List<String> ids) {
		Map<String, CompletableFuture<LeaseTime>> asked = new LinkedHashMap<>();
		ids.stream().limit(MAX_LEASES).forEach((id) -> {
			try {
				asked.put(id, lease(Long.parseUnsignedLong(id, 16)));
			}
			catch (NumberFormatException ex) {
				// There is no such lease
			}
		});
		Map<String, Lease> answers = new LinkedHashMap<>();
		asked.forEach((id, answer) -> {
			try {
				LeaseTime time = answer.join();
				answers.put(id, new Lease(time.left().toSeconds(), time.granted().toSeconds()));
			}
			catch (CompletionException ex) {
				// It is not known, and the page shows nothing
			}
		});
		return answers;
	}

	private synchronized CompletableFuture<LeaseTime> lease(long id) {
		long now = this.nanoTime.getAsLong();
		this.leases.values().removeIf((asked) -> now - asked.at >= FRESH);
		return this.leases.computeIfAbsent(id, (lease) -> new Asked<>(now, this.inspector.lease(lease))).answer;
	}

	/**
	 * The problems of etcd.
	 */
	static List<String> problems(Etcd etcd) {
		List<String> problems = new ArrayList<>();
		List<Endpoint> endpoints = (etcd.endpoints().value() != null) ? etcd.endpoints().value() : List.of();
		List<String> versions = endpoints.stream()
			.map(Endpoint::version)
			.filter((version) -> !version.isEmpty())
			.distinct()
			.sorted()
			.toList();
		if (versions.size() > 1) {
			problems.add("The members of etcd are of several versions: " + String.join(", ", versions));
		}
		versions.stream()
			.filter((version) -> version.matches("[0-2]\\..*|3\\.[0-3]\\..*"))
			.forEach((version) -> problems.add("etcd " + version + " is older than 3.4, the oldest that is supported"));
		endpoints.forEach((endpoint) -> {
			if (endpoint.failure() != null) {
				problems.add("%s: %s".formatted(endpoint.endpoint(), endpoint.failure()));
			}
			else if (endpoint.leader().isEmpty()) {
				problems.add("%s has no leader".formatted(endpoint.endpoint()));
			}
			endpoint.errors().forEach((error) -> problems.add("%s: %s".formatted(endpoint.endpoint(), error)));
			if (endpoint.quota() > 0 && endpoint.size() > endpoint.quota() * 0.8) {
				problems.add("The database of %s has %d %% of its quota".formatted(endpoint.endpoint(),
						endpoint.size() * 100 / endpoint.quota()));
			}
		});
		if (etcd.alarms().value() != null) {
			etcd.alarms().value().forEach((alarm) -> problems.add("etcd raises the alarm " + alarm));
		}
		return problems;
	}

	private static String hex(long id) {
		return (id != 0) ? Long.toHexString(id) : "";
	}

	private record Asked<T>(long at, CompletableFuture<T> answer) {
	}

	/**
	 * The state of etcd, as far as the user may read it.
	 */
	record Etcd(Part<List<Endpoint>> endpoints, Part<List<Member>> members, Part<List<String>> alarms,
			Part<Integer> leases) {
	}

	/**
	 * An answer, or the reason why there is none.
	 */
	record Part<T>(@Nullable T value, @Nullable String failure) {
	}

	/**
	 * The times of a lease, in seconds.
	 */
	record Lease(long left, long granted) {
	}

	/**
	 * An endpoint, with ids as {@code etcdctl} prints them.
	 */
	record Endpoint(String endpoint, @Nullable String failure, String version, String member, String leader, long term,
			long revision, long size, long sizeInUse, long quota, boolean learner, List<String> errors) {

		static Endpoint of(EndpointStatus status) {
			return new Endpoint(status.endpoint(), status.failure(), status.version(), hex(status.member()),
					hex(status.leader()), status.term(), status.revision(), status.size(), status.sizeInUse(),
					status.quota(), status.learner(), status.errors());
		}

	}

	/**
	 * A member, with its id as {@code etcdctl} prints it.
	 */
	record Member(String id, String name, List<String> clientUrls, boolean learner) {

		static Member of(ClusterMember member) {
			return new Member(hex(member.id()), member.name(), member.clientUrls(), member.learner());
		}

	}

}
