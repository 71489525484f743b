package io.github.etcddiscovery.config;

import java.time.Duration;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

import io.github.etcddiscovery.config.ConfigState.Freshness;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.RetryDelays;
import org.apache.commons.logging.Log;
import org.jspecify.annotations.Nullable;

/**
 * Reads the configuration when an application starts: from a majority of etcd, else from
 * a single member, else from the snapshot file of an earlier run. If none of them has it,
 * the application starts without, provided that its imports are optional. The start waits
 * for etcd only if there is nothing to start with. Confined to the thread that starts the
 * application.
 */
final class ConfigStart {

	/**
	 * The failures of a read while etcd is away or has no majority.
	 */
	private static final Set<Kind> OUTAGE = EnumSet.of(Kind.UNREACHABLE, Kind.TIMED_OUT, Kind.NO_LEADER,
			Kind.OVERLOADED, Kind.LEARNER, Kind.CANCELLED);

	private final EtcdConfigProperties properties;

	private final SourceReader reader;

	private final SourceParser parser;

	private final @Nullable ConfigFile file;

	private final Log logger;

	private volatile @Nullable EtcdAccessException failure;

	ConfigStart(EtcdConfigProperties properties, SourceReader reader, SourceParser parser, @Nullable ConfigFile file,
			Log logger) {
		this.properties = properties;
		this.reader = reader;
		this.parser = parser;
		this.file = file;
		this.logger = logger;
	}

	/**
	 * The reason why etcd could not be read.
	 * @return the last failure, or {@code null} if a read succeeded in the end
	 */
	@Nullable EtcdAccessException failure() {
		return this.failure;
	}

	/**
	 * Read sources and add them to those read before, at the same revision.
	 * @param unread the sources to read
	 * @param all all sources known so far
	 * @param beside the sources read before
	 * @param forgiving whether the application can start without the sources
	 * @return the state of all sources
	 * @throws EtcdAccessException if etcd can't be read and there is nothing else to
	 * start with
	 * @throws InvalidConfigException if the content of etcd can't be used
	 */
	ConfigState read(List<ImportSource> unread, List<ImportSource> all, ConfigState beside, boolean forgiving) {
		boolean away = this.failure != null && beside.freshness() == Freshness.NONE;
		if (beside.freshness() == Freshness.FILE || (away && forgiving)) {
			return withoutEtcd(unread, beside);
		}
		long deadline = System.nanoTime() + this.properties.timeout().toNanos();
		RetryDelays delays = new RetryDelays(Duration.ofSeconds(1));
		while (true) {
			try {
				return readLive(unread, beside);
			}
			catch (EtcdAccessException ex) {
				this.failure = ex;
				if (ex.getKind() == Kind.COMPACTED && beside.revision() > 0) {
					// Compacted between two reads of one start: everything is read again
					return read(all, all, ConfigState.none(), forgiving);
				}
				if (!OUTAGE.contains(ex.getKind())) {
					throw ex;
				}
				ConfigState stale = readStale(unread, all);
				if (stale != null) {
					return stale;
				}
				ConfigFile file = this.file;
				if (forgiving || (file != null && file.load() != null)) {
					return withoutEtcd(unread, beside);
				}
				Duration delay = delays.after(ex.getKind());
				if (System.nanoTime() + delay.toNanos() > deadline) {
					throw ex;
				}
				pass(delay);
			}
		}
	}

	private ConfigState readLive(List<ImportSource> unread, ConfigState beside) {
		Map<ImportSource, SourceState> read = new LinkedHashMap<>();
		unread.stream()
			.filter((source) -> source.revision() > 0)
			.forEach((source) -> read.putAll(
					readAt(List.of(source), source.revision(), "'%s'".formatted(source.location()), beside).sources()));
		List<ImportSource> together = unread.stream().filter((source) -> source.revision() == 0).toList();
		ConfigState state = beside;
		if (!together.isEmpty()) {
			long pinned = this.properties.pinRevision();
			state = (pinned > 0) ? readAt(together, pinned, "'spring.cloud.etcd.config.pin-revision'", beside)
					: this.parser.parse(this.reader.read(together, beside.revision(), beside), Freshness.LINEARIZABLE);
		}
		this.failure = null;
		return new ConfigState(state.clusterId(), state.revision(), state.readAt(), Freshness.LINEARIZABLE,
				beside.sources())
			.and(state.sources())
			.and(read);
	}

	private ConfigState readAt(List<ImportSource> sources, long revision, String named, ConfigState beside) {
		try {
			return this.parser.parse(this.reader.read(sources, revision, beside), Freshness.LINEARIZABLE);
		}
		catch (EtcdAccessException ex) {
			if (ex.getKind() == Kind.COMPACTED || ex.getKind() == Kind.OTHER) {
				throw new InvalidConfigException("Revision %d of etcd, which %s names, can't be read: %s"
					.formatted(revision, named, ex.getMessage()), "Name a revision that etcd still has, or none", ex);
			}
			throw ex;
		}
	}

	/**
	 * All sources are read again, so that they have the same revision.
	 */
	private @Nullable ConfigState readStale(List<ImportSource> unread, List<ImportSource> all) {
		if (this.properties.pinRevision() > 0 || unread.stream().anyMatch((source) -> source.revision() > 0)) {
			return null;
		}
		try {
			Reading reading = this.reader.readStale(all.stream().filter((source) -> source.revision() == 0).toList());
			// A member that has just joined knows no keys yet, which proves nothing
			if (reading.isEmpty() && reading.revision() <= 1) {
				return null;
			}
			this.logger.warn(("etcd has no majority. The configuration is that of a single member at revision %d; "
					+ "it may be out of date, and changes are followed as soon as there is a majority")
				.formatted(reading.revision()));
			return this.parser.parse(reading, Freshness.SERIALIZABLE);
		}
		catch (EtcdAccessException ex) {
			return null;
		}
	}

	private ConfigState withoutEtcd(List<ImportSource> unread, ConfigState beside) {
		EtcdAccessException failure = this.failure;
		ConfigFile.Content content = (this.file != null) ? this.file.load() : null;
		if (content != null) {
			Map<ImportSource, SourceState> read = new LinkedHashMap<>();
			unread.forEach((source) -> read.put(source, this.parser.parse(source, content.snapshots(source.ranges()))));
			if (beside.freshness() != Freshness.FILE && failure != null) {
				this.logger.warn(("%s. The configuration is that of %s, written at %s with revision %d. %s").formatted(
						failure.getMessage(), this.file, content.writtenAt(), content.revision(), failure.getAdvice()));
			}
			return new ConfigState(content.clusterId(), content.revision(), content.writtenAt(), Freshness.FILE,
					beside.sources())
				.and(read);
		}
		if (beside.sources().isEmpty() && failure != null) {
			this.logger.warn(
					"%s. The application starts without its configuration in etcd, which is applied when etcd comes. %s"
						.formatted(failure.getMessage(), failure.getAdvice()));
		}
		return beside.and(unread.stream().collect(Collectors.toMap((source) -> source, (source) -> SourceState.EMPTY)));
	}

	/**
	 * The starting thread waits, since the application can't start without its
	 * configuration.
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

}
