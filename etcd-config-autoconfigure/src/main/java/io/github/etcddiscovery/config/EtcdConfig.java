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
 * context. All sources are read at one revision and share one state, so one write changes
 * them all. Safe for use by any thread.
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
	 * The present state of all sources.
	 */
	ConfigState state() {
		return this.state;
	}

	/**
	 * Switch to another state: the one write that changes all sources.
	 * @param last the present state, from which the other one was derived
	 * @param next the other state
	 * @return {@code false} if the present state is no longer {@code last}, for example
	 * because a refresh of Spring Cloud has added an import
	 */
	synchronized boolean switchTo(ConfigState last, ConfigState next) {
		if (this.state != last) {
			return false;
		}
		this.state = next;
		return true;
	}

	/**
	 * The revision of etcd in use.
	 * @return the revision, or 0 if etcd has not been read yet
	 */
	public long getRevision() {
		return this.state.revision();
	}

	/**
	 * The reason why etcd could not be read at the start.
	 */
	@Nullable EtcdAccessException failure() {
		return this.start.failure();
	}

	/**
	 * Add a source.
	 * @param source the source
	 * @param optional whether the application can start without the source
	 */
	synchronized void add(ImportSource source, boolean optional) {
		if (optional) {
			this.optional.add(source);
		}
		this.sources.computeIfAbsent(source, (added) -> new EtcdPropertySource(added, this::state));
	}

	/**
	 * The properties of a source that has been added.
	 * @param source the source
	 * @return always the same object for the same source
	 */
	synchronized EtcdPropertySource propertySource(ImportSource source) {
		return Objects.requireNonNull(this.sources.get(source));
	}

	/**
	 * Set the active profiles, which documents may refer to.
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
	 * Read the sources that have not been read yet, at the revision of the others.
	 * @throws EtcdAccessException if etcd can't be read
	 * @throws InvalidConfigException if the content of etcd can't be used
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
			// A running application continues without the import that failed
			this.sources.keySet().removeAll(unread);
			throw ex;
		}
		if (this.state.freshness() == Freshness.LINEARIZABLE) {
			tellWhatWasFound(unread);
		}
		this.onImport.run();
	}

	/**
	 * Add a listener that is called when new sources were read.
	 * @param listener the listener; it is called with a lock held, so it must not block
	 */
	void onImport(Runnable listener) {
		this.onImport = listener;
	}

	/**
	 * While Spring's AOT processing runs, there may be no etcd.
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
	 * The sources that follow changes of etcd. As long as nothing was read from a
	 * majority of etcd, these include the sources that are to be read only once.
	 */
	private synchronized List<ImportSource> followed() {
		boolean read = this.state.freshness() == Freshness.LINEARIZABLE;
		return this.sources.keySet()
			.stream()
			.filter((source) -> source.isFollowed() || (!read && source.revision() == 0))
			.toList();
	}

	/**
	 * The ranges to watch.
	 */
	List<KeyRange> watched() {
		return this.reader.watched(followed());
	}

	/**
	 * Read the followed sources, all at one revision.
	 * @param revision the revision, or 0 for the present one
	 * @return the content, or {@code null} if no source is followed
	 * @throws EtcdAccessException if etcd can't be read
	 */
	@Nullable Reading read(long revision) {
		List<ImportSource> followed = followed();
		return followed.isEmpty() ? null : this.reader.read(followed, revision, this.state);
	}

	/**
	 * Derive the next state. Sources that were not read stay as they are.
	 * @param last the present state
	 * @param reading the content of the sources that were read
	 * @throws InvalidConfigException if the content can't be used
	 */
	ConfigState parse(ConfigState last, Reading reading) {
		ConfigState parsed = this.parser.parse(reading, Freshness.LINEARIZABLE);
		return new ConfigState(parsed.clusterId(), parsed.revision(), parsed.readAt(), parsed.freshness(),
				last.sources())
			.and(parsed.sources());
	}

	/**
	 * Write the present state to the snapshot file, if there is one.
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
