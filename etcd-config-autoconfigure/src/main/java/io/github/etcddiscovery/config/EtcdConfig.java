package io.github.etcddiscovery.config;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.github.etcddiscovery.config.ConfigState.Freshness;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.RetryDelays;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.Snapshot;
import org.apache.commons.logging.Log;
import org.jspecify.annotations.Nullable;

/**
 * The configuration of one application in etcd, from the first import to the end of the
 * context. All sources are read at one revision, and all look at one state: one write
 * changes them all. Safe for use by any thread.
 */
public final class EtcdConfig implements AutoCloseable {

	/**
	 * What reading may fail with while etcd is away or has no majority.
	 */
	private static final Set<Kind> OUTAGE = EnumSet.of(Kind.UNREACHABLE, Kind.TIMED_OUT, Kind.NO_LEADER,
			Kind.OVERLOADED, Kind.LEARNER, Kind.CANCELLED);

	private final EtcdConfigProperties properties;

	private final ConfigStore store;

	private final SourceParser parser;

	private final @Nullable ConfigFile file;

	private final Log logger;

	private final Map<ImportSource, EtcdPropertySource> sources = new LinkedHashMap<>();

	private final Set<ImportSource> optional = new HashSet<>();

	private final Set<KeyRange> denied = ConcurrentHashMap.newKeySet();

	private volatile ConfigState state = ConfigState.none();

	private volatile @Nullable EtcdAccessException failure;

	EtcdConfig(EtcdConfigProperties properties, ConfigStore store, UnaryOperator<String> decryptor, Log logger) {
		this.properties = properties;
		this.store = store;
		this.parser = new SourceParser(properties, decryptor);
		this.logger = logger;
		this.file = properties.snapshot().enabled() ? new ConfigFile(properties.snapshot(), store.origins()) : null;
	}

	EtcdConfigProperties properties() {
		return this.properties;
	}

	ConfigStore store() {
		return this.store;
	}

	/**
	 * What all sources hold now.
	 */
	ConfigState state() {
		return this.state;
	}

	/**
	 * Let another state count: the one write that changes all sources.
	 */
	void switchTo(ConfigState next) {
		this.state = next;
	}

	/**
	 * The revision of etcd that the properties are of.
	 * @return the revision, or 0 while etcd was not read
	 */
	public long getRevision() {
		return this.state.revision();
	}

	/**
	 * Why etcd could not be read at the start.
	 */
	@Nullable EtcdAccessException failure() {
		return this.failure;
	}

	/**
	 * The sources, in the order in which they were named.
	 */
	synchronized List<ImportSource> sources() {
		return List.copyOf(this.sources.keySet());
	}

	/**
	 * Know a source.
	 * @param source the source
	 * @param optional whether the application can start without
	 * @return its properties: always the same object for the same source
	 */
	synchronized EtcdPropertySource add(ImportSource source, boolean optional) {
		if (optional) {
			this.optional.add(source);
		}
		return this.sources.computeIfAbsent(source, (added) -> new EtcdPropertySource(added, this::state));
	}

	/**
	 * Know the active profiles, which documents may be for.
	 */
	synchronized void profiles(Collection<String> profiles) {
		if (this.parser.profiles(profiles)) {
			Map<ImportSource, SourceState> again = new LinkedHashMap<>();
			this.state.sources().forEach((source, held) -> again.put(source, parse(source, held.entries())));
			this.state = this.state.and(again);
		}
	}

	/**
	 * Read the sources that were not read yet, at the revision of those that were.
	 * @throws EtcdAccessException if etcd can't be read
	 * @throws InvalidConfigException if what stands there can't be used
	 */
	synchronized void load() {
		List<ImportSource> unread = this.sources.keySet()
			.stream()
			.filter((source) -> !this.state.sources().containsKey(source))
			.toList();
		if (unread.isEmpty()) {
			return;
		}
		if (isAheadOfTime()) {
			this.state = this.state.and(unread.stream().collect(Collectors.toMap((s) -> s, (s) -> SourceState.EMPTY)));
			return;
		}
		boolean forgiving = (this.properties.failFast() != null) ? !this.properties.failFast()
				: this.optional.containsAll(unread);
		if (this.state.freshness() == Freshness.FILE
				|| (this.state.freshness() == Freshness.NONE && forgiving && this.failure != null)) {
			this.state = withoutEtcd(unread);
			return;
		}
		this.state = readAtStart(unread, forgiving);
		if (this.state.freshness() == Freshness.LINEARIZABLE) {
			tellWhatWasFound(unread);
		}
	}

	private void tellWhatWasFound(List<ImportSource> read) {
		String places = read.stream().map((source) -> "'" + source.place() + "'").collect(Collectors.joining(", "));
		int keys = read.stream().mapToInt((source) -> this.state.of(source).entries().size()).sum();
		this.logger.info((keys > 0)
				? "Configuration from etcd at revision %d: %d keys at %s".formatted(this.state.revision(), keys, places)
				: "No configuration in etcd at revision %d: there is no key at %s".formatted(this.state.revision(),
						places));
	}

	/**
	 * While classes are generated, etcd need not be there.
	 */
	private static boolean isAheadOfTime() {
		return Boolean.getBoolean("spring.aot.processing");
	}

	private ConfigState readAtStart(List<ImportSource> unread, boolean forgiving) {
		long deadline = System.nanoTime() + this.properties.timeout().toNanos();
		RetryDelays delays = new RetryDelays(Duration.ofSeconds(1));
		while (true) {
			try {
				return read(unread, this.state, this.properties.pinRevision());
			}
			catch (EtcdAccessException ex) {
				this.failure = ex;
				if (ex.getKind() == Kind.COMPACTED && this.properties.pinRevision() == 0) {
					// Between two reads of one start: then everything is read again
					return read(sources(), ConfigState.none(), 0);
				}
				if (!OUTAGE.contains(ex.getKind())) {
					throw ex;
				}
				ConfigState stale = readStale(unread);
				if (stale != null) {
					return stale;
				}
				ConfigFile file = this.file;
				if (forgiving || (file != null && file.isUsable())) {
					return withoutEtcd(unread);
				}
				Duration delay = delays.after(ex.getKind());
				if (System.nanoTime() + delay.toNanos() > deadline) {
					throw ex;
				}
				pass(delay);
			}
		}
	}

	/**
	 * The only thread there is waits: the application can't start without.
	 */
	private static void pass(Duration delay) {
		try {
			CompletableFuture.runAsync(() -> {
			}, CompletableFuture.delayedExecutor(delay.toNanos(), TimeUnit.NANOSECONDS)).get();
		}
		catch (InterruptedException | ExecutionException ex) {
			Thread.currentThread().interrupt();
			throw new EtcdAccessException(Kind.CANCELLED, "the start was interrupted", ex);
		}
	}

	private @Nullable ConfigState readStale(List<ImportSource> unread) {
		if (this.properties.pinRevision() > 0 || unread.stream().anyMatch((source) -> source.revision() > 0)) {
			return null;
		}
		// All of them, so that they are of one revision
		List<ImportSource> sources = sources().stream().filter((source) -> source.revision() == 0).toList();
		try {
			Reading reading = new Reading(sources, join(this.store.readStale(ranges(sources))));
			// A member that has only just come knows nothing, which says nothing
			if (reading.snapshots().isEmpty() || (reading.isEmpty() && reading.revision() <= 1)) {
				return null;
			}
			this.logger.warn(("etcd has no majority. The configuration is what a single member has at revision %d; "
					+ "it may be out of date, and is followed as soon as there is a majority")
				.formatted(reading.revision()));
			return parse(reading, Freshness.SERIALIZABLE);
		}
		catch (EtcdAccessException ex) {
			return null;
		}
	}

	private ConfigState withoutEtcd(List<ImportSource> unread) {
		ConfigFile file = this.file;
		ConfigFile.Content content = (file != null) ? file.load() : null;
		EtcdAccessException failure = this.failure;
		if (content != null) {
			Map<ImportSource, SourceState> read = new LinkedHashMap<>();
			unread.forEach((source) -> read.put(source, this.parser.parse(source, content.snapshots(source.ranges()))));
			if (this.state.freshness() != Freshness.FILE && failure != null) {
				this.logger.warn(("%s. The configuration is that of %s, written at %s with revision %d. %s").formatted(
						failure.getMessage(), file, content.writtenAt(), content.revision(), failure.getAdvice()));
			}
			return new ConfigState(content.clusterId(), content.revision(), content.writtenAt(), Freshness.FILE,
					this.state.sources())
				.and(read);
		}
		if (this.state.sources().isEmpty() && failure != null) {
			this.logger.warn(
					"%s. The application starts without its configuration in etcd, which is applied when etcd comes. %s"
						.formatted(failure.getMessage(), failure.getAdvice()));
		}
		return this.state.and(unread.stream().collect(Collectors.toMap((s) -> s, (s) -> SourceState.EMPTY)));
	}

	/**
	 * Read sources and put them beside what is there, of which they are to be of the same
	 * revision.
	 */
	private ConfigState read(List<ImportSource> unread, ConfigState beside, long pinned) {
		long revision = (pinned > 0) ? pinned : beside.revision();
		ConfigState read = read(unread, revision);
		this.failure = null;
		return new ConfigState(read.clusterId(), read.revision(), read.readAt(), read.freshness(), beside.sources())
			.and(read.sources());
	}

	/**
	 * Read what the sources hold, and parse it.
	 * @param sources the sources
	 * @param revision the revision to read at, or 0 for what is true now
	 * @throws EtcdAccessException if etcd can't be read
	 * @throws InvalidConfigException if what stands there can't be used
	 */
	private ConfigState read(List<ImportSource> sources, long revision) {
		Map<ImportSource, SourceState> pinned = new LinkedHashMap<>();
		List<ImportSource> together = new ArrayList<>();
		for (ImportSource source : sources) {
			if (source.revision() > 0) {
				Reading reading = reading(List.of(source), source.revision());
				pinned.putAll(parse(reading, Freshness.LINEARIZABLE).sources());
			}
			else {
				together.add(source);
			}
		}
		if (together.isEmpty()) {
			return this.state.and(pinned);
		}
		ConfigState read = parse(reading(together, revision), Freshness.LINEARIZABLE);
		return read.and(pinned);
	}

	/**
	 * Read what the followed sources hold, all at one revision.
	 * @param revision the revision, or 0 for what is true now
	 * @throws EtcdAccessException if etcd can't be read
	 */
	Reading read(long revision) {
		return reading(sources().stream().filter(ImportSource::isFollowed).toList(), revision);
	}

	private Reading reading(List<ImportSource> sources, long revision) {
		List<KeyRange> ranges = ranges(sources);
		List<KeyRange> allowed = ranges.stream().filter((range) -> !this.denied.contains(range)).toList();
		List<Snapshot> read;
		try {
			read = join(this.store.read(allowed, revision));
		}
		catch (EtcdAccessException ex) {
			if (ex.getKind() != Kind.PERMISSION_DENIED) {
				throw ex;
			}
			learnWhatIsDenied(sources, ex);
			return reading(sources, revision);
		}
		Map<KeyRange, Snapshot> byRange = new LinkedHashMap<>();
		for (int i = 0; i < allowed.size(); i++) {
			byRange.put(allowed.get(i), read.get(i));
		}
		Snapshot nothing = new Snapshot(read.get(0).clusterId(), read.get(0).revision(), Map.of());
		return new Reading(sources, ranges.stream().map((range) -> byRange.getOrDefault(range, nothing)).toList());
	}

	/**
	 * A key is looked for with and without a slash before it, of which a user may be
	 * allowed to read one only.
	 */
	private void learnWhatIsDenied(List<ImportSource> sources, EtcdAccessException refusal) {
		Set<KeyRange> denied = new HashSet<>();
		for (KeyRange range : ranges(sources)) {
			try {
				join(this.store.read(List.of(range.withoutValues()), 0));
			}
			catch (EtcdAccessException ex) {
				if (ex.getKind() != Kind.PERMISSION_DENIED) {
					throw ex;
				}
				denied.add(range);
			}
		}
		List<KeyRange> missing = sources.stream()
			.filter((source) -> denied.containsAll(source.ranges()))
			.map((source) -> source.ranges().get(0))
			.toList();
		if (!missing.isEmpty() || denied.isEmpty() || this.denied.containsAll(denied)) {
			throw new DeniedException(missing.isEmpty() ? ranges(sources) : missing, this.store.user(), refusal);
		}
		this.denied.addAll(denied);
	}

	private static List<KeyRange> ranges(List<ImportSource> sources) {
		return sources.stream().flatMap((source) -> source.ranges().stream()).distinct().toList();
	}

	/**
	 * Parse what was read. What is not followed stays as it is.
	 * @throws InvalidConfigException if what was read can't be used
	 */
	ConfigState parse(Reading reading, Freshness freshness) {
		Map<ImportSource, SourceState> parsed = new LinkedHashMap<>();
		reading.sources().forEach((source) -> parsed.put(source, this.parser.parse(source, reading.of(source))));
		return new ConfigState(reading.clusterId(), reading.revision(), Instant.now(), freshness, parsed);
	}

	private SourceState parse(ImportSource source, Map<String, Entry> entries) {
		return this.parser.parse(source,
				source.ranges()
					.stream()
					.map((range) -> new Snapshot(0, 0,
							entries.entrySet()
								.stream()
								.filter((entry) -> range.contains(entry.getKey()))
								.collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue))))
					.toList());
	}

	/**
	 * Write what counts to the file, if there is one.
	 */
	void save() {
		ConfigFile file = this.file;
		if (file != null && this.state.freshness() == Freshness.LINEARIZABLE) {
			file.save(this.state);
		}
	}

	private static <T> T join(CompletableFuture<T> answer) {
		try {
			return answer.join();
		}
		catch (CompletionException ex) {
			throw EtcdAccessException.of(ex);
		}
	}

	/**
	 * The ranges that are followed, without those that are part of another.
	 */
	List<KeyRange> watched() {
		Set<KeyRange> ranges = new HashSet<>(ranges(sources().stream().filter(ImportSource::isFollowed).toList()));
		ranges.removeAll(this.denied);
		return ranges.stream()
			.filter((range) -> ranges.stream()
				.noneMatch((other) -> !other.equals(range) && other.prefix() && other.contains(range.key())))
			.toList();
	}

	@Override
	public void close() {
		this.store.close();
	}

	/**
	 * What was read of some sources, all at one revision.
	 */
	record Reading(List<ImportSource> sources, List<KeyRange> ranges, List<Snapshot> snapshots) {

		Reading(List<ImportSource> sources, List<Snapshot> snapshots) {
			this(sources, EtcdConfig.ranges(sources), snapshots);
		}

		long clusterId() {
			return this.snapshots.get(0).clusterId();
		}

		long revision() {
			return this.snapshots.get(0).revision();
		}

		boolean isEmpty() {
			return this.snapshots.stream().allMatch((snapshot) -> snapshot.entries().isEmpty());
		}

		List<Snapshot> of(ImportSource source) {
			return source.ranges().stream().map((range) -> this.snapshots.get(this.ranges.indexOf(range))).toList();
		}

		Stream<String> keys(ImportSource source) {
			return of(source).stream().flatMap((snapshot) -> snapshot.entries().keySet().stream());
		}

	}

	/**
	 * The user may not read what is imported.
	 */
	static final class DeniedException extends EtcdAccessException {

		private final List<KeyRange> ranges;

		private final String user;

		DeniedException(List<KeyRange> ranges, String user, EtcdAccessException cause) {
			super(Kind.PERMISSION_DENIED, "etcd does not let %s read %s".formatted(
					user.isEmpty() ? "this application" : "the user '%s'".formatted(user),
					ranges.stream().map((range) -> "'" + range.key() + "'").collect(Collectors.joining(" and "))),
					cause);
			this.ranges = List.copyOf(ranges);
			this.user = user;
		}

		@Override
		public String getAdvice() {
			String role = this.user.isEmpty() ? "ROLE" : this.user;
			return "Grant it to a role of the user: " + this.ranges.stream()
				.map((range) -> "etcdctl role grant-permission %s read %s%s".formatted(role, quoted(range.key()),
						range.prefix() ? " --prefix" : ""))
				.collect(Collectors.joining("; "));
		}

		private static String quoted(String key) {
			return key.matches("[\\w./,:-]+") ? key : "'" + key.replace("'", "'\\''") + "'";
		}

	}

}
