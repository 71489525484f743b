package io.github.etcddiscovery.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;

import io.github.etcddiscovery.config.EtcdConfigProperties.SnapshotProperties;
import io.github.etcddiscovery.core.PrivateFile;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.Snapshot;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.aot.hint.BindingReflectionHintsRegistrar;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;

/**
 * The snapshot file of the configuration, for a start while etcd is away. It contains
 * keys and values as they are in etcd, so encrypted values stay encrypted. The file is
 * replaced atomically, and only its owner can read it. A file that is from another etcd,
 * or can't be read, is ignored.
 */
final class ConfigFile {

	private static final Log logger = LogFactory.getLog(ConfigFile.class);

	private static final int VERSION = 1;

	private final Path file;

	private final SnapshotProperties properties;

	private final List<String> origins;

	private final JsonMapper mapper = JsonMapper.builder().build();

	private boolean failed;

	private @Nullable Content loaded;

	ConfigFile(SnapshotProperties properties, List<String> origins) {
		this.properties = properties;
		this.file = Objects.requireNonNull(properties.file()).toAbsolutePath();
		this.origins = List.copyOf(origins);
	}

	/**
	 * Replace the file. A failure is logged once and has no other consequence.
	 */
	synchronized void save(ConfigState state) {
		Map<String, Row> rows = new TreeMap<>();
		state.sources()
			.values()
			.forEach((source) -> source.entries().values().forEach((entry) -> rows.put(entry.key(), Row.of(entry))));
		byte[] content = this.mapper.writeValueAsBytes(new Content(VERSION, this.origins, state.clusterId(),
				state.revision(), state.readAt().toString(), List.copyOf(rows.values())));
		try {
			PrivateFile.replace(this.file, content);
			this.failed = false;
		}
		catch (IOException ex) {
			if (!this.failed) {
				logger.warn(
						"The snapshot of the configuration could not be written: %s. Check 'spring.cloud.etcd.config.snapshot.file'"
							.formatted(ex));
			}
			this.failed = true;
		}
	}

	boolean isUsable() {
		return load() != null;
	}

	/**
	 * Read the file.
	 * @return its content, or {@code null} if the file can't be used
	 */
	synchronized @Nullable Content load() {
		if (this.loaded == null) {
			this.loaded = read();
		}
		return this.loaded;
	}

	private @Nullable Content read() {
		try {
			Content content = this.mapper.readValue(Files.readAllBytes(this.file), Content.class);
			if (content.version() != VERSION || Collections.disjoint(content.origins(), this.origins)) {
				logger.warn("The snapshot in %s is of another version or etcd and is not used".formatted(this.file));
				return null;
			}
			Instant written = content.writtenAt();
			if (this.properties.maxAge() != null && written.plus(this.properties.maxAge()).isBefore(Instant.now())) {
				logger.warn(
						"The snapshot in %s was written at %s, which is longer ago than 'spring.cloud.etcd.config.snapshot.max-age', and is not used"
							.formatted(this.file, written));
				return null;
			}
			content.entries().forEach(Row::toEntry);
			return content;
		}
		catch (NoSuchFileException ex) {
			return null;
		}
		catch (IOException | RuntimeException ex) {
			logger.warn("The snapshot in %s can't be read and is not used: %s".formatted(this.file,
					(ex instanceof JacksonException) ? ex.getClass().getSimpleName() : ex.toString()));
			return null;
		}
	}

	@Override
	public String toString() {
		return this.file.toString();
	}

	/**
	 * Jackson reads and writes these types by reflection.
	 */
	static final class Hints implements RuntimeHintsRegistrar {

		@Override
		public void registerHints(RuntimeHints hints, @Nullable ClassLoader classLoader) {
			new BindingReflectionHintsRegistrar().registerReflectionHints(hints.reflection(), Content.class);
		}

	}

	/**
	 * The content of the file.
	 */
	record Content(int version, List<String> origins, long clusterId, long revision, String at, List<Row> entries) {

		Instant writtenAt() {
			return Instant.parse(this.at);
		}

		List<Snapshot> snapshots(List<KeyRange> ranges) {
			return ranges.stream()
				.map((range) -> new Snapshot(this.clusterId, this.revision,
						this.entries.stream()
							.filter((row) -> range.contains(row.key()))
							.map(Row::toEntry)
							.collect(Collectors.toMap(Entry::key, (entry) -> entry, (one, other) -> other,
									LinkedHashMap::new))))
				.toList();
		}

	}

	/**
	 * A key.
	 */
	record Row(String key, String value, long createRevision, long modRevision) {

		static Row of(Entry entry) {
			return new Row(entry.key(), entry.value(), entry.createRevision(), entry.modRevision());
		}

		Entry toEntry() {
			return new Entry(Objects.requireNonNull(this.key), Objects.requireNonNull(this.value), this.createRevision,
					this.modRevision, 0);
		}

	}

}
