package io.github.etcddiscovery.catalog;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

import io.github.etcddiscovery.core.EscapedText;
import io.github.etcddiscovery.core.PrivateFile;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceKey;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.instance.InvalidInstanceException;
import io.github.etcddiscovery.watch.Entry;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.aot.hint.BindingReflectionHintsRegistrar;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;

/**
 * The snapshot file, for a start while etcd is away. It contains what is needed to call
 * the instances, without metadata whose name suggests a secret. The file is replaced
 * atomically. A file of another version, another etcd or other places, or one that can't
 * be read, is ignored.
 */
final class CatalogFile {

	private static final Log logger = LogFactory.getLog(CatalogFile.class);

	private static final int VERSION = 2;

	private static final Pattern SECRET = Pattern.compile("(?i).*(password|passwd|secret|token|credential|api.?key).*");

	private final Path file;

	private final List<String> places;

	private final List<String> origins;

	private final JsonMapper mapper = JsonMapper.builder().build();

	private boolean failed;

	/**
	 * Create an object that reads and writes nothing yet.
	 * @param file the path of the file
	 * @param places the places of the catalog
	 * @param origins identify etcd, by its endpoints and namespace
	 */
	CatalogFile(Path file, List<String> places, List<String> origins) {
		this.file = file.toAbsolutePath();
		this.places = places;
		this.origins = origins;
	}

	/**
	 * Replace the file. A failure is logged once and has no other effect.
	 * @return whether the file was replaced
	 */
	boolean save(Catalog catalog) {
		List<Row> rows = new ArrayList<>();
		catalog.readings()
			.values()
			.forEach((reading) -> reading.instances()
				.forEach((instance) -> rows.add(Row.of(reading.entry(), instance))));
		byte[] content = this.mapper
			.writeValueAsBytes(new Content(VERSION, this.places, this.origins, catalog.revision(), rows));
		try {
			PrivateFile.replace(this.file, content);
			this.failed = false;
			return true;
		}
		catch (IOException ex) {
			if (!this.failed) {
				logger.warn(
						"The snapshot of '%s' could not be written: %s. Check 'spring.cloud.etcd.discovery.snapshot.file'"
							.formatted(String.join("', '", this.places), ex));
			}
			this.failed = true;
			return false;
		}
	}

	/**
	 * Read the file.
	 */
	Optional<Content> load() {
		try {
			Content content = this.mapper.readValue(Files.readAllBytes(this.file), Content.class);
			if (content.version() != VERSION || !this.places.equals(content.places()) || !isSameEtcd(content)) {
				logger.warn("The snapshot in %s is of another version, prefix or etcd and is not used"
					.formatted(this.file));
				return Optional.empty();
			}
			// Converted here, so that a file with an invalid row is ignored
			content.instances().forEach(Row::toInstance);
			return Optional.of(content);
		}
		catch (NoSuchFileException ex) {
			return Optional.empty();
		}
		catch (IOException | JacksonException | IllegalArgumentException | NullPointerException ex) {
			logger.warn("The snapshot in %s can't be read and is not used: %s".formatted(this.file,
					EscapedText.of(ex.toString())));
			return Optional.empty();
		}
	}

	/**
	 * Whether the file is from the same etcd. Members may be added and replaced, but not
	 * all at once, so one common endpoint suffices.
	 */
	private boolean isSameEtcd(Content content) {
		return this.origins.equals(content.origins()) || !Collections.disjoint(this.origins, content.origins());
	}

	/**
	 * Hints for Jackson, which uses reflection on these records.
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
	record Content(int version, List<String> places, List<String> origins, long revision, List<Row> instances) {

		/**
		 * The readings by key, without instances that exceed the limits: the limits may
		 * have been lowered since, and a file can be edited.
		 */
		Map<String, Reading> readings(InstanceReader reader) {
			Map<Entry, List<EtcdServiceInstance>> byEntry = new TreeMap<>(
					Comparator.comparingLong(Entry::createRevision).thenComparing(Entry::key));
			this.instances.forEach((row) -> byEntry.computeIfAbsent(row.toEntry(), (entry) -> new ArrayList<>())
				.add(row.toInstance()));
			Map<String, Integer> places = new HashMap<>();
			Map<String, Reading> readings = new TreeMap<>();
			byEntry.forEach((entry, instances) -> {
				try {
					InstanceKey key = reader.key(entry.key());
					reader.limits().check(key, instances);
					if (places.merge(key.service(), 1, Integer::sum) <= reader.limits().perService()) {
						readings.put(entry.key(), new Reading(entry, List.copyOf(instances)));
					}
				}
				catch (InvalidInstanceException ex) {
					logger.debug("Passing over '%s' of the snapshot: %s".formatted(EscapedText.of(entry.key()),
							ex.getMessage()));
				}
			});
			return readings;
		}

	}

	/**
	 * An instance in the file.
	 */
	record Row(String key, long createRevision, long modRevision, String service, String id, String host, int port,
			boolean secure, InstanceStatus status, Map<String, String> metadata, @Nullable Boolean grpcOnly) {

		static Row of(Entry entry, EtcdServiceInstance instance) {
			Map<String, String> metadata = new LinkedHashMap<>(instance.getMetadata());
			metadata.keySet().removeIf((name) -> SECRET.matcher(name).matches());
			return new Row(entry.key(), entry.createRevision(), entry.modRevision(), instance.getServiceId(),
					String.valueOf(instance.getInstanceId()), instance.getHost(), instance.getPort(),
					instance.isSecure(), instance.getStatus(), metadata, instance.isGrpcOnly() ? true : null);
		}

		Entry toEntry() {
			return new Entry(this.key, "", this.createRevision, this.modRevision, 0);
		}

		EtcdServiceInstance toInstance() {
			return new EtcdServiceInstance(this.service, this.id, this.host, this.port, this.secure, this.status,
					this.metadata, Boolean.TRUE.equals(this.grpcOnly));
		}

	}

}
