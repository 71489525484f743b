package io.github.etcddiscovery.client;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

import io.grpc.ManagedChannel;
import org.jspecify.annotations.Nullable;

/**
 * The members of etcd. One member stays in use until it fails. Confined to the loop of
 * the connection.
 */
final class Members {

	private static final Comparator<Member> ORDER = Comparator.comparing(Member::isGood)
		.reversed()
		.thenComparing(Member::passedByAt, (one, other) -> Long.signum(one - other));

	private final List<Member> members = new ArrayList<>();

	private Member current;

	/**
	 * Create the members, in random order, so that processes spread over them.
	 * @param endpoints where the members are, at least one
	 * @param channels makes a channel to an endpoint
	 * @param now the current time, by the loop's clock
	 */
	Members(Collection<Endpoint> endpoints, Function<Endpoint, ManagedChannel> channels, long now) {
		endpoints.forEach((endpoint) -> this.members.add(new Member(endpoint, channels, now)));
		Collections.shuffle(this.members);
		this.current = this.members.get(0);
	}

	/**
	 * The member to ask: the one in use while it is good, then another good one, then the
	 * one that was passed by the longest time ago.
	 * @param tried the members that were asked already
	 * @return the member, or {@code null} if all were asked
	 */
	@Nullable Member next(Collection<Member> tried) {
		if (this.current.isGood() && !tried.contains(this.current)) {
			return this.current;
		}
		return this.members.stream().filter((member) -> !tried.contains(member)).min(ORDER).orElse(null);
	}

	/**
	 * The member to ask first.
	 */
	Member first() {
		Member next = next(Set.of());
		return (next != null) ? next : this.current;
	}

	/**
	 * All members, in the order of their endpoints.
	 */
	List<Member> all() {
		return this.members.stream().sorted(Comparator.comparing((member) -> member.endpoint().toString())).toList();
	}

	/**
	 * The member has answered, so it becomes the one in use.
	 */
	void answered(Member member) {
		member.good();
		this.current = member;
	}

	/**
	 * Close all channels, which ends all calls.
	 */
	void close() {
		this.members.forEach(Member::close);
	}

}
