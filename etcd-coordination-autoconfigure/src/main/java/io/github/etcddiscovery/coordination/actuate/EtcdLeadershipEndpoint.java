package io.github.etcddiscovery.coordination.actuate;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

import io.github.etcddiscovery.coordination.leader.Elections;
import io.github.etcddiscovery.coordination.leader.Leader;
import io.github.etcddiscovery.coordination.leader.Leadership;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.lease.Contender;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.actuate.endpoint.annotation.DeleteOperation;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.util.StringUtils;

/**
 * Shows the roles that this process campaigns for, with the leader and those who wait. It
 * also makes this process give up a leadership, and pins a role to a process.
 */
@Endpoint(id = "etcdleadership")
public final class EtcdLeadershipEndpoint {

	private final Elections elections;

	private final Duration timeout;

	/**
	 * Create an endpoint.
	 * @param elections the elections
	 * @param requestTimeout the deadline for reading a queue
	 */
	public EtcdLeadershipEndpoint(Elections elections, Duration requestTimeout) {
		this.elections = elections;
		this.timeout = requestTimeout.plusSeconds(1);
	}

	/**
	 * All roles.
	 * @return the roles by name
	 */
	@ReadOperation
	public LeadershipDescriptor leadership() {
		Map<String, RoleDescriptor> roles = new TreeMap<>();
		this.elections.leaderships().forEach((leadership) -> roles.put(leadership.role(), describe(leadership)));
		return new LeadershipDescriptor(this.elections.id(), roles);
	}

	/**
	 * One role.
	 * @param role the role
	 * @return the role, or {@code null} if this process does not campaign for it
	 */
	@ReadOperation
	public @Nullable RoleDescriptor role(@Selector String role) {
		Leadership leadership = find(role);
		return (leadership != null) ? describe(leadership) : null;
	}

	/**
	 * Give up the leadership for a role and go to the end of the queue, or pin the role
	 * to one process, so that no other process leads it.
	 * @param role the role
	 * @param pin the id of the process to pin it to; without it, this process yields
	 * @return the role afterwards, or {@code null} if this process does not campaign for
	 * it
	 */
	@WriteOperation
	public @Nullable RoleDescriptor change(@Selector String role, @Nullable String pin) {
		return changed(role, (leadership) -> StringUtils.hasText(pin) ? this.elections.pin(role, pin)
				: leadership.yield().copy().completeOnTimeout(null, this.timeout.toMillis(), TimeUnit.MILLISECONDS));
	}

	/**
	 * Remove the pin of a role: every process may lead it again.
	 * @param role the role
	 * @return the role afterwards, or {@code null} if this process does not campaign for
	 * it
	 */
	@DeleteOperation
	public @Nullable RoleDescriptor unpin(@Selector String role) {
		return changed(role, (leadership) -> this.elections.unpin(role));
	}

	private @Nullable RoleDescriptor changed(String role, Function<Leadership, CompletableFuture<Void>> change) {
		Leadership leadership = find(role);
		if (leadership == null) {
			return null;
		}
		change.apply(leadership).join();
		return describe(leadership);
	}

	private @Nullable Leadership find(String role) {
		return this.elections.leaderships()
			.stream()
			.filter((leadership) -> leadership.role().equals(role))
			.findAny()
			.orElse(null);
	}

	private RoleDescriptor describe(Leadership leadership) {
		List<Leader> queue = List.of();
		String pin = null;
		String problem = null;
		try {
			CompletableFuture<Optional<String>> pinned = this.elections.pinned(leadership.role());
			queue = this.elections.queue(leadership.role())
				.orTimeout(this.timeout.toMillis(), TimeUnit.MILLISECONDS)
				.join();
			pin = pinned.orTimeout(this.timeout.toMillis(), TimeUnit.MILLISECONDS).join().orElse(null);
		}
		catch (CompletionException ex) {
			problem = EtcdAccessException.of(ex).getMessage();
		}
		Leader leader = queue.isEmpty() ? null : queue.get(0);
		boolean leads = leadership.isLeader();
		return new RoleDescriptor(leads, leadership.state(), (leader != null) ? leader.id() : null,
				(leader != null) ? leader.fencingToken() : null, leadership.since().orElse(null),
				leads ? leadership.validFor() : null, queue.stream().skip(1).map(Leader::id).toList(), pin, problem);
	}

	/**
	 * The content of the endpoint.
	 *
	 * @param id the id of this process in elections
	 * @param roles the roles by name
	 */
	public record LeadershipDescriptor(String id, Map<String, RoleDescriptor> roles) {
	}

	/**
	 * A role.
	 *
	 * @param leading whether this process leads
	 * @param state its state in the queue
	 * @param leader the id of the leader, as etcd has it
	 * @param token the leader's fencing token
	 * @param since when this process began to lead, if it does
	 * @param validFor how long it leads without another renewal of its lease, if it does
	 * @param queue the ids of those who wait, in order
	 * @param pin the id of the only process that may lead, if the role is pinned
	 * @param problem why the queue could not be read
	 */
	public record RoleDescriptor(boolean leading, Contender.State state, @Nullable String leader, @Nullable Long token,
			@Nullable Instant since, @Nullable Duration validFor, List<String> queue, @Nullable String pin,
			@Nullable String problem) {
	}

}
