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
 * The elections in which this process takes part. Each role has one leader; the others
 * wait in the order of their arrival. {@code etcdctl elect} and programs in Go can take
 * part as well. Safe for use by any thread; no method blocks.
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
	 * Create elections. This process does not campaign before they are started.
	 * @param coordination the queues
	 * @param properties how this process takes part
	 * @param clock tells when a leadership began
	 * @param listeners are called for every leadership
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
	 * Campaign for a role: wait in the queue, and lead. This process does not campaign
	 * while the application refuses traffic, unless
	 * {@code spring.cloud.etcd.leader.wait-for-ready} is {@code false}, nor while the
	 * role is pinned to another process.
	 * @param role the role
	 * @return the leadership; the same object for each role until it is closed
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
	 * Add a listener that is called for each role that this process campaigns for.
	 * @param listener the listener; it is also called for the present roles, and may be
	 * called more than once for a role
	 */
	public void onCampaign(Consumer<Leadership> listener) {
		this.onCampaign.add(listener);
		this.leaderships.values().forEach(listener);
	}

	/**
	 * Follow the leaders of a role, whether or not this process campaigns for it.
	 * @param role the role
	 * @return the present leader, if there is one, and each later one; the stream
	 * survives outages of etcd and does not end before it is cancelled
	 */
	public Flux<Leader> observe(String role) {
		return Flux.create((sink) -> {
			Reflector reflector = this.coordination.follow(Kind.LEADER, role, (head) -> sink.next(leader(role, head)));
			sink.onDispose(reflector::close);
		}, OverflowStrategy.LATEST);
	}

	/**
	 * Follow the leaders of a role.
	 * @param role the role
	 * @param listener is given the present leader, if there is one, and each later one;
	 * must not block
	 * @return closes it
	 */
	public AutoCloseable observe(String role, Consumer<Leader> listener) {
		return this.coordination.follow(Kind.LEADER, role, (head) -> listener.accept(leader(role, head)));
	}

	/**
	 * List the queue of a role.
	 * @param role the role
	 * @return the leader and those who wait, in order; fails if etcd does not answer
	 */
	public CompletableFuture<List<Leader>> queue(String role) {
		return this.coordination.queue(Kind.LEADER, role)
			.thenApply((entries) -> entries.stream().map((entry) -> leader(role, entry)).toList());
	}

	/**
	 * Pin a role to one process: all others give it up, and do not campaign for it while
	 * it is pinned, even if that process is not running. Only applications with this
	 * library know of pins; {@code etcdctl elect} and programs in Go don't.
	 * @param role the role
	 * @param id the id of the process in elections
	 * @return completes when etcd has stored the pin; the other processes follow at once
	 */
	public CompletableFuture<Void> pin(String role, String id) {
		return this.pins.write(role, id);
	}

	/**
	 * Remove the pin of a role, so that every process may lead again.
	 * @param role the role
	 * @return completes when etcd has removed the pin
	 */
	public CompletableFuture<Void> unpin(String role) {
		return this.pins.write(role, null);
	}

	/**
	 * Read the process that a role is pinned to.
	 * @param role the role
	 * @return its id, if the role is pinned; fails if etcd does not answer
	 */
	public CompletableFuture<Optional<String>> pinned(String role) {
		return this.pins.read(role);
	}

	private static Leader leader(String role, Entry entry) {
		return new Leader(role, entry.value(), entry.createRevision(), entry.key(), Long.toHexString(entry.lease()));
	}

	/**
	 * The leaderships that this process campaigns for.
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
	 * Tell whether the application accepts traffic.
	 */
	void accepting(boolean accepting) {
		this.accepting = accepting;
		update();
	}

	private void update() {
		this.leaderships.values().forEach(Leadership::update);
	}

	/**
	 * Give up all leaderships.
	 * @return completes when other processes may lead
	 */
	CompletableFuture<Void> stop() {
		this.running = false;
		return CompletableFuture
			.allOf(this.leaderships.values().stream().map(Leadership::update).toArray(CompletableFuture[]::new));
	}

	/**
	 * Leave all elections for good.
	 */
	@Override
	public void close() {
		this.running = false;
		this.leaderships.values().forEach(Leadership::close);
		this.pins.close();
	}

}
