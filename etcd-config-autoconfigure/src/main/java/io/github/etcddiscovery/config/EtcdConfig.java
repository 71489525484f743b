package io.github.etcddiscovery.config;

import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

import io.github.etcddiscovery.config.ConfigState.Freshness;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.watch.KeyRange;
import org.apache.commons.logging.Log;
import org.jspecify.annotations.Nullable;

/**
 * The configuration of one application in etcd, from the first import to the end of the
 * context. All sources are read at one revision, and all look at one state: one write
 * changes them all. Safe for use by any thread.
 */
public final class EtcdConfig implements AutoCloseable {

	private final EtcdConfigProperties properties;

	private final ConfigStore store;

	private final SourceParser parser;

	private final SourceReader reader;

	private final @Nullable ConfigFile file;

	private final ConfigStart start;

	private final Log logger;

	private final Map<ImportSource, EtcdPropertySource> sources = new LinkedHashMap<>();

	private final Set<ImportSource> optional = new HashSet<>();

	private volatile ConfigState state = ConfigState.none();

	private volatile Runnable onImport = () -> {
	};

	EtcdConfig(EtcdConfigProperties properties, ConfigStore store, UnaryOperator<String> decryptor, Log logger) {
		this.properties = properties;
		this.store = store;
		this.parser = new SourceParser(properties, decryptor);
		this.reader = new SourceReader(store);
		this.logger = logger;
		this.file = properties.snapshot().enabled() ? new ConfigFile(properties.snapshot(), store.origins()) : null;
		this.start = new ConfigStart(properties, this.reader, this.parser, this.file, logger);
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
	 * @param last the state that the other one was made from
	 * @param next the other state
	 * @return whether it counts now; {@code false} if another one came in between, as an
	 * import does that is new in a refresh of Spring Cloud
	 */
	synchronized boolean switchTo(ConfigState last, ConfigState next) {
		if (this.state != last) {
			return false;
		}
		this.state = next;
		return true;
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
		return this.start.failure();
	}

	/**
	 * Know a source.
	 * @param source the source
	 * @param optional whether the application can start without
	 */
	synchronized void add(ImportSource source, boolean optional) {
		if (optional) {
			this.optional.add(source);
		}
		this.sources.computeIfAbsent(source, (added) -> new EtcdPropertySource(added, this::state));
	}

	/**
	 * The properties of a source that is known.
	 * @param source the source
	 * @return always the same object for the same source
	 */
	synchronized EtcdPropertySource propertySource(ImportSource source) {
		return Objects.requireNonNull(this.sources.get(source));
	}

	/**
	 * Know the active profiles, which documents may be for.
	 */
	synchronized void profiles(Collection<String> profiles) {
		if (this.parser.profiles(profiles)) {
			Map<ImportSource, SourceState> again = new LinkedHashMap<>();
			this.state.sources()
				.forEach((source, held) -> again.put(source, this.parser.parse(source, held.entries())));
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
			this.state = this.state
				.and(unread.stream().collect(Collectors.toMap((source) -> source, (source) -> SourceState.EMPTY)));
			return;
		}
		boolean forgiving = (this.properties.failFast() != null) ? !this.properties.failFast()
				: this.optional.containsAll(unread);
		try {
			this.state = this.start.read(unread, List.copyOf(this.sources.keySet()), this.state, forgiving);
		}
		catch (EtcdAccessException | InvalidConfigException ex) {
			// An application that runs already goes on without what it failed to import
			this.sources.keySet().removeAll(unread);
			throw ex;
		}
		if (this.state.freshness() == Freshness.LINEARIZABLE) {
			tellWhatWasFound(unread);
		}
		this.onImport.run();
	}

	/**
	 * Be told when sources are read that were not known before.
	 * @param listener is told, with a lock held: it must not wait
	 */
	void onImport(Runnable listener) {
		this.onImport = listener;
	}

	/**
	 * While classes are generated, etcd need not be there.
	 */
	static boolean isAheadOfTime() {
		return Boolean.getBoolean("spring.aot.processing");
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
	 * The sources that a change of etcd changes. As long as nothing was read from a
	 * majority of etcd, that is so of those as well that are to be read only once.
	 */
	private synchronized List<ImportSource> followed() {
		boolean read = this.state.freshness() == Freshness.LINEARIZABLE;
		return this.sources.keySet()
			.stream()
			.filter((source) -> source.isFollowed() || (!read && source.revision() == 0))
			.toList();
	}

	/**
	 * What is to be watched.
	 */
	List<KeyRange> watched() {
		return this.reader.watched(followed());
	}

	/**
	 * Read what the followed sources hold, all at one revision.
	 * @param revision the revision, or 0 for what is true now
	 * @return what was read, or {@code null} if no source is followed
	 * @throws EtcdAccessException if etcd can't be read
	 */
	@Nullable Reading read(long revision) {
		List<ImportSource> followed = followed();
		return followed.isEmpty() ? null : this.reader.read(followed, revision, this.state);
	}

	/**
	 * What the sources would hold. What was not read stays as it is.
	 * @param last the state that counts
	 * @param reading what was read
	 * @throws InvalidConfigException if what was read can't be used
	 */
	ConfigState parse(ConfigState last, Reading reading) {
		ConfigState parsed = this.parser.parse(reading, Freshness.LINEARIZABLE);
		return new ConfigState(parsed.clusterId(), parsed.revision(), parsed.readAt(), parsed.freshness(),
				last.sources())
			.and(parsed.sources());
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

	@Override
	public void close() {
		this.store.close();
	}

}
