package io.github.etcddiscovery.coordination.leader;

import java.time.Clock;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

import io.github.etcddiscovery.coordination.Coordination;
import io.github.etcddiscovery.coordination.Coordination.Kind;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.Reflector;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink.OverflowStrategy;

/**
 * The elections that this process takes part in: for each role one process leads. Those
 * who wait are in the order in which they came, and whoever is {@code etcdctl elect} or a
 * program in Go may be among them. Safe for use by any thread; no method blocks.
 */
public final class Elections implements AutoCloseable {

	private final Coordination coordination;

	private final LeaderProperties properties;

	private final Clock clock;

	private final List<LeadershipListener> listeners;

	private final Map<String, Leadership> leaderships = new ConcurrentHashMap<>();

	private final List<Consumer<Leadership>> onCampaign = new CopyOnWriteArrayList<>();

	private final Pins pins;

	private volatile boolean running;

	private volatile boolean accepting;

	/**
	 * Create elections. Nobody campaigns before they are started.
	 * @param coordination the session
	 * @param properties how this process takes part
	 * @param clock tells since when it leads
	 * @param listeners are told of every leadership
	 */
	public Elections(Coordination coordination, LeaderProperties properties, Clock clock,
			List<LeadershipListener> listeners) {
		this.coordination = coordination;
		this.properties = properties;
		this.clock = clock;
		this.listeners = List.copyOf(listeners);
		this.pins = new Pins(coordination, this::update);
	}

	/**
	 * Campaign for a role: wait for the turn of this process, and lead. It waits while
	 * the application does not accept traffic, unless
	 * {@code spring.cloud.etcd.leader.wait-for-ready} says otherwise, and while the role
	 * is pinned to another process.
	 * @param role the role
	 * @return the leadership, which is the same for each call with the same role until it
	 * is closed
	 */
	public Leadership campaign(String role) {
		Leadership known = this.leaderships.get(role);
		if (known != null && !known.isClosed()) {
			return known;
		}
		Leadership leadership = this.leaderships.compute(role,
				(key, last) -> (last != null && !last.isClosed()) ? last : leadership(role, last));
		if (this.running) {
			this.pins.follow();
		}
		leadership.update();
		this.onCampaign.forEach((listener) -> listener.accept(leadership));
		return leadership;
	}

	private Leadership leadership(String role, @Nullable Leadership last) {
		CompletableFuture<Void> former = (last != null) ? last.left() : CompletableFuture.completedFuture(null);
		Leadership leadership = new Leadership(role, this.coordination, this.properties, this.clock, this.listeners,
				() -> mayCampaign(role), former);
		leadership.left().thenRun(() -> this.leaderships.remove(role, leadership));
		return leadership;
	}

	private boolean mayCampaign(String role) {
		return this.running && (this.accepting || !this.properties.waitsForReady(role)) && this.pins.allow(role);
	}

	/**
	 * Whether this process leads now.
	 * @param role the role
	 * @return {@code true} if it campaigns for the role and leads
	 */
	public boolean isLeader(String role) {
		Leadership leadership = this.leaderships.get(role);
		return leadership != null && leadership.isLeader();
	}

	/**
	 * Be told of each role that this process begins to campaign for.
	 * @param listener is told, also of those so far; may be told more than once
	 */
	public void onCampaign(Consumer<Leadership> listener) {
		this.onCampaign.add(listener);
		this.leaderships.values().forEach(listener);
	}

	/**
	 * Follow who leads, whether or not this process takes part.
	 * @param role the role
	 * @return each leader, from the present one on if there is one; does not end before
	 * it is cancelled, whatever happens to etcd
	 */
	public Flux<Leader> observe(String role) {
		return Flux.create((sink) -> {
			Reflector reflector = this.coordination.follow(Kind.LEADER, role, (head) -> sink.next(leader(role, head)));
			sink.onDispose(reflector::close);
		}, OverflowStrategy.LATEST);
	}

	/**
	 * Follow who leads.
	 * @param role the role
	 * @param listener is given each leader, from the present one on if there is one; must
	 * not block
	 * @return to be closed
	 */
	public AutoCloseable observe(String role, Consumer<Leader> listener) {
		return this.coordination.follow(Kind.LEADER, role, (head) -> listener.accept(leader(role, head)));
	}

	/**
	 * Who stands in the queue for a role.
	 * @param role the role
	 * @return the leader and those who wait, in their order; fails if etcd does not
	 * answer
	 */
	public CompletableFuture<List<Leader>> queue(String role) {
		return this.coordination.queue(Kind.LEADER, role)
			.thenApply((entries) -> entries.stream().map((entry) -> leader(role, entry)).toList());
	}

	/**
	 * Let one process alone lead: all others give the role up and do not campaign for it
	 * while it is pinned, also when that process is not there. That holds for
	 * applications with this library; {@code etcdctl elect} and programs in Go do not
	 * know of it.
	 * @param role the role
	 * @param id the id of the process in elections
	 * @return completes when etcd knows; the others follow at once
	 */
	public CompletableFuture<Void> pin(String role, String id) {
		return this.pins.write(role, id);
	}

	/**
	 * Let everybody campaign again.
	 * @param role the role
	 * @return completes when etcd knows
	 */
	public CompletableFuture<Void> unpin(String role) {
		return this.pins.write(role, null);
	}

	/**
	 * Whom a role is pinned to, as etcd has it now.
	 * @param role the role
	 * @return the id, if it is pinned; fails if etcd does not answer
	 */
	public CompletableFuture<Optional<String>> pinned(String role) {
		return this.pins.read(role);
	}

	private static Leader leader(String role, Entry entry) {
		return new Leader(role, entry.value(), entry.createRevision(), entry.key(), Long.toHexString(entry.lease()));
	}

	/**
	 * What this process campaigns for.
	 * @return the leaderships
	 */
	public Collection<Leadership> leaderships() {
		return this.leaderships.values().stream().filter((leadership) -> !leadership.isClosed()).toList();
	}

	/**
	 * The id of this process in elections.
	 * @return the id
	 */
	public String id() {
		return this.coordination.id();
	}

	/**
	 * Begin to campaign.
	 */
	void start() {
		this.running = true;
		this.properties.roles().keySet().forEach(this::campaign);
		if (!this.leaderships.isEmpty()) {
			this.pins.follow();
		}
		update();
	}

	/**
	 * The application accepts traffic, or refuses it.
	 */
	void accepting(boolean accepting) {
		this.accepting = accepting;
		update();
	}

	private void update() {
		this.leaderships.values().forEach(Leadership::update);
	}

	/**
	 * Hand everything over.
	 * @return completes when others may lead
	 */
	CompletableFuture<Void> stop() {
		this.running = false;
		return CompletableFuture
			.allOf(this.leaderships.values().stream().map(Leadership::update).toArray(CompletableFuture[]::new));
	}

	/**
	 * Leave all elections, for good.
	 */
	@Override
	public void close() {
		this.running = false;
		this.leaderships.values().forEach(Leadership::close);
		this.pins.close();
	}

}
