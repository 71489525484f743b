package io.github.etcddiscovery.catalog;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.instance.InstanceKey;
import io.github.etcddiscovery.instance.InstancePlaces;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.InvalidInstanceException;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.Reflector;
import io.github.etcddiscovery.watch.Snapshot;
import org.jspecify.annotations.Nullable;

/**
 * Follows each service in mirrors of its own, from its first look-up until the idle
 * timeout after its last one. A service has two ranges for each place: its key, and the
 * keys below it. The names of services come from mirrors without values, which exist only
 * while names are looked up. When too many services are looked up, those with the oldest
 * look-ups are dropped. A service is dropped only while it could be read again, so never
 * while etcd is away.
 */
final class ServiceScope implements CatalogScope {

	/**
	 * Limits the services, so that look-ups of made-up names can't fill the memory. An
	 * application that calls more services should follow all of them, with
	 * {@link WatchScope#PREFIX}.
	 */
	static final int MAX_SERVICES = 1000;

	private static final long RELEASED = Long.MIN_VALUE;

	private final InstancePlaces places;

	private final InstanceReader reader;

	private final EventLoop loop;

	private final Duration idleTimeout;

	private final Mirrors mirrors;

	private final Function<CompletableFuture<Void>, FirstSync> firstSyncs;

	private final Predicate<String> restored;

	private final Consumer<String> released;

	private final ConcurrentMap<String, Followed> services = new ConcurrentHashMap<>();

	private final ConcurrentMap<String, Followed> names = new ConcurrentHashMap<>(1);

	private volatile boolean stopped;

	private boolean sweeping;

	/**
	 * Create the scope.
	 * @param places the prefixes and keys of instances
	 * @param reader reads keys
	 * @param loop the loop of the catalog
	 * @param idleTimeout how long a service is followed after its last look-up
	 * @param mirrors makes mirrors
	 * @param firstSyncs bounds the wait for a first synchronisation
	 * @param restored whether the catalog has a service from the snapshot file; called on
	 * the loop
	 * @param released receives the names of services that are no longer followed, on the
	 * loop
	 */
	ServiceScope(InstancePlaces places, InstanceReader reader, EventLoop loop, Duration idleTimeout, Mirrors mirrors,
			Function<CompletableFuture<Void>, FirstSync> firstSyncs, Predicate<String> restored,
			Consumer<String> released) {
		this.places = places;
		this.reader = reader;
		this.loop = loop;
		this.idleTimeout = idleTimeout;
		this.mirrors = mirrors;
		this.firstSyncs = firstSyncs;
		this.restored = restored;
		this.released = released;
	}

	@Override
	public void start() {
		this.stopped = false;
		followed().forEach(Followed::start);
		if (!this.sweeping) {
			this.sweeping = true;
			scheduleSweep();
		}
	}

	@Override
	public void stop() {
		this.stopped = true;
		followed().forEach(Followed::stop);
	}

	@Override
	public void close() {
		this.stopped = true;
		followed().forEach(Followed::close);
	}

	@Override
	public void use(String serviceId) {
		if (follow(serviceId) != null) {
			String other = inLowerCase(serviceId);
			if (other != null) {
				follow(other);
			}
		}
	}

	/**
	 * The lower-case form of a name, which is followed as well, since some callers write
	 * names in capitals.
	 */
	private static @Nullable String inLowerCase(String serviceId) {
		String other = serviceId.toLowerCase(Locale.ROOT);
		return other.equals(serviceId) ? null : other;
	}

	private @Nullable Followed follow(String serviceId) {
		return isName(serviceId) ? follow(this.services, serviceId, this::newService) : null;
	}

	private Followed followNames() {
		return Objects.requireNonNull(follow(this.names, "", (none) -> newNames()));
	}

	private Followed follow(ConcurrentMap<String, Followed> all, String name, Function<String, Followed> factory) {
		while (true) {
			Followed followed = all.computeIfAbsent(name, factory);
			if (followed.use(this.loop.nanoTime())) {
				if (!this.stopped) {
					followed.start();
				}
				return followed;
			}
			// Released on the loop in the meantime: the next try makes a new one
			all.remove(name, followed);
		}
	}

	private Followed newService(String serviceId) {
		if (this.services.size() >= MAX_SERVICES) {
			this.loop.execute(this::makeRoom);
		}
		return new Followed(this.places.keysOf(serviceId)
			.stream()
			.flatMap(PrefixScope::ranges)
			.map((range) -> this.mirrors.of(range, true))
			.toList());
	}

	private Followed newNames() {
		return new Followed(
				PrefixScope.ranges(this.places).map((range) -> this.mirrors.of(range.withoutValues(), false)).toList());
	}

	/**
	 * Whether a text is a valid name. A name with a slash would be part of another
	 * service.
	 */
	private boolean isName(String serviceId) {
		try {
			return this.reader.key(this.places.prefix() + "/" + serviceId).instanceId() == null;
		}
		catch (InvalidInstanceException ex) {
			return false;
		}
	}

	@Override
	public CompletableFuture<Void> known(String serviceId) {
		Followed followed = follow(serviceId);
		if (followed == null) {
			return CompletableFuture.completedFuture(null);
		}
		String other = inLowerCase(serviceId);
		CompletableFuture<Void> known = followed.firstSync.orTimeout();
		return (other != null) ? CompletableFuture.allOf(known, known(other)) : known;
	}

	@Override
	public CompletableFuture<Void> namesKnown() {
		return followNames().firstSync.orTimeout();
	}

	@Override
	public boolean isKnown(String serviceId) {
		Followed followed = follow(serviceId);
		String other = inLowerCase(serviceId);
		return (followed == null || followed.firstSync.isDone()) && (other == null || isKnown(other));
	}

	@Override
	public boolean areNamesKnown() {
		return followNames().firstSync.isDone();
	}

	@Override
	public List<String> names(Catalog catalog, boolean management) {
		TreeSet<String> names = new TreeSet<>(management ? catalog.names() : catalog.applicationNames());
		for (Mirror mirror : followNames().mirrors) {
			Snapshot keys = mirror.reflector().snapshot();
			if (keys != null) {
				keys.entries()
					.keySet()
					.stream()
					.map(this::parsed)
					.flatMap(Optional::stream)
					.filter((key) -> management || !catalog.isManagement(key))
					.map(InstanceKey::service)
					.filter(Catalog::isListed)
					.forEach(names::add);
			}
		}
		return List.copyOf(names);
	}

	@Override
	public Stream<Mirror> mirrors() {
		return followed().flatMap((followed) -> followed.mirrors.stream());
	}

	@Override
	public Stream<Mirror> mirrors(String serviceId) {
		Followed followed = this.services.get(serviceId);
		return (followed != null) ? followed.mirrors.stream() : Stream.empty();
	}

	private Optional<InstanceKey> parsed(String key) {
		try {
			return Optional.of(this.reader.key(key));
		}
		catch (InvalidInstanceException ex) {
			return Optional.empty();
		}
	}

	private Stream<Followed> followed() {
		return Stream.of(this.services, this.names).map(ConcurrentMap::values).flatMap(Collection::stream);
	}

	private void scheduleSweep() {
		this.loop.schedule(this::sweep, this.idleTimeout.dividedBy(4));
	}

	private void sweep() {
		long now = this.loop.nanoTime();
		this.services.forEach((name, followed) -> release(name, followed, now, this.idleTimeout));
		this.names.forEach((name, followed) -> {
			if (!followed.isNeeded() && followed.release(now, this.idleTimeout)) {
				this.names.remove(name, followed);
			}
		});
		scheduleSweep();
	}

	private void makeRoom() {
		long now = this.loop.nanoTime();
		// Each time is read once, since look-ups keep changing them
		Map<String, Long> lastUsed = new HashMap<>();
		this.services.forEach((name, followed) -> {
			if (!isNeeded(name, followed)) {
				lastUsed.put(name, followed.lastUsed.get());
			}
		});
		lastUsed.entrySet()
			.stream()
			.sorted(Map.Entry.comparingByValue())
			.limit(Math.max(0, this.services.size() - MAX_SERVICES))
			.map(Map.Entry::getKey)
			.forEach((name) -> release(name, this.services.get(name), now, Duration.ZERO));
	}

	/**
	 * Whether the catalog has data of a service that could not be read again now.
	 */
	private boolean isNeeded(String name, Followed followed) {
		return followed.isNeeded() || this.restored.test(name);
	}

	private void release(String name, @Nullable Followed followed, long now, Duration unusedFor) {
		if (followed != null && !isNeeded(name, followed) && followed.release(now, unusedFor)) {
			this.services.remove(name, followed);
			// After the tasks of the mirrors that are already on the loop
			this.loop.execute(() -> this.released.accept(name));
		}
	}

	/**
	 * Makes mirrors.
	 */
	@FunctionalInterface
	interface Mirrors {

		/**
		 * Make a mirror.
		 * @param range the range
		 * @param indexed whether its instances belong into the catalog
		 */
		Mirror of(KeyRange range, boolean indexed);

	}

	/**
	 * The mirrors of one service, or of the names.
	 */
	private final class Followed {

		private final List<Mirror> mirrors;

		private final FirstSync firstSync;

		private final AtomicLong lastUsed = new AtomicLong(ServiceScope.this.loop.nanoTime());

		private volatile boolean started;

		Followed(List<Mirror> mirrors) {
			this.mirrors = mirrors;
			this.firstSync = ServiceScope.this.firstSyncs.apply(Mirror.allSettled(mirrors));
		}

		/**
		 * Start the mirrors. Takes no lock, since starting twice has no effect.
		 */
		void start() {
			if (!this.started) {
				this.started = true;
				this.mirrors.stream().map(Mirror::reflector).forEach(Reflector::start);
			}
		}

		void stop() {
			this.started = false;
			this.mirrors.stream().map(Mirror::reflector).forEach(Reflector::stop);
		}

		/**
		 * Whether a mirror has data that could not be read again now.
		 */
		boolean isNeeded() {
			return this.mirrors.stream()
				.map(Mirror::reflector)
				.anyMatch((reflector) -> reflector.snapshot() != null && !(this.started && reflector.state().synced()));
		}

		boolean use(long now) {
			while (true) {
				long last = this.lastUsed.get();
				if (last == RELEASED) {
					return false;
				}
				if (this.lastUsed.compareAndSet(last, now)) {
					return true;
				}
			}
		}

		boolean release(long now, Duration idleTimeout) {
			long last = this.lastUsed.get();
			if (now - last < idleTimeout.toNanos() || !this.lastUsed.compareAndSet(last, RELEASED)) {
				return false;
			}
			close();
			return true;
		}

		void close() {
			this.mirrors.stream().map(Mirror::reflector).forEach(Reflector::close);
		}

	}

}
