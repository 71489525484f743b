package io.github.etcddiscovery.config;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

import io.github.etcddiscovery.config.ConfigState.Freshness;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.Snapshot;
import org.jspecify.annotations.Nullable;

import org.springframework.core.env.Profiles;
import org.springframework.util.StringUtils;

/**
 * Turns keys and values of etcd into properties: parses documents and decrypts values.
 * Failures name the key.
 */
final class SourceParser {

	private static final String CIPHER = "{cipher}";

	private static final String ON_PROFILE = "spring.config.activate.on-profile";

	private final EtcdConfigProperties properties;

	private final UnaryOperator<String> decryptor;

	private volatile Set<String> profiles = Set.of();

	/**
	 * Create a parser.
	 * @param properties the limits
	 * @param decryptor decrypts a value without its {@code {cipher}} mark
	 */
	SourceParser(EtcdConfigProperties properties, UnaryOperator<String> decryptor) {
		this.properties = properties;
		this.decryptor = decryptor;
	}

	/**
	 * Set the active profiles, which documents may refer to.
	 * @return whether the profiles have changed
	 */
	boolean profiles(Collection<String> profiles) {
		Set<String> last = this.profiles;
		this.profiles = Set.copyOf(profiles);
		return !last.equals(this.profiles);
	}

	/**
	 * Parse the properties of all sources that were read.
	 * @param reading the keys of the sources
	 * @param freshness how they were read
	 * @throws InvalidConfigException if a value can't be parsed
	 */
	ConfigState parse(Reading reading, Freshness freshness) {
		Map<ImportSource, SourceState> parsed = new LinkedHashMap<>();
		reading.sources().forEach((source) -> parsed.put(source, parse(source, reading.of(source))));
		return new ConfigState(reading.clusterId(), reading.revision(), Instant.now(), freshness, parsed);
	}

	/**
	 * Parse the properties of a source again, for example for other profiles.
	 * @param source the source
	 * @param entries the entries of etcd, by key
	 */
	SourceState parse(ImportSource source, Map<String, Entry> entries) {
		return parse(source, source.ranges().stream().map((range) -> {
			Map<String, Entry> inRange = new TreeMap<>(entries);
			inRange.keySet().removeIf((key) -> !range.contains(key));
			return new Snapshot(0, 0, inRange);
		}).toList());
	}

	/**
	 * Parse the properties of a source.
	 * @param source the source
	 * @param snapshots the keys of each of its ranges
	 * @throws InvalidConfigException if a value can't be parsed
	 */
	SourceState parse(ImportSource source, List<Snapshot> snapshots) {
		Map<String, Entry> entries = new TreeMap<>();
		Map<String, ConfigValue> values = new LinkedHashMap<>();
		Map<String, String> skipped = new LinkedHashMap<>();
		for (int i = 0; i < snapshots.size(); i++) {
			Map<String, Entry> inRange = new TreeMap<>(snapshots.get(i).entries());
			entries.putAll(inRange);
			parse(source, source.ranges().get(i), inRange.values(), values, skipped);
		}
		require(entries.size() <= this.properties.maxKeys(), source.place(),
				"has %d keys, more than %d".formatted(entries.size(), this.properties.maxKeys()),
				"Raise 'spring.cloud.etcd.config.max-keys', or import less");
		return SourceState.of(entries, values, skipped);
	}

	private void parse(ImportSource source, KeyRange range, Collection<Entry> entries, Map<String, ConfigValue> values,
			Map<String, String> skipped) {
		List<Entry> keys = new ArrayList<>();
		for (Entry entry : entries) {
			require(entry.value().getBytes(StandardCharsets.UTF_8).length <= this.properties.maxValueSize().toBytes(),
					entry.key(), "is larger than %s".formatted(this.properties.maxValueSize()),
					"Raise 'spring.cloud.etcd.config.max-value-size', or make the value smaller");
			String name = range.prefix() ? entry.key().substring(range.key().length()) : "";
			Format document = document(source, range, name, entry);
			if (document != null) {
				document(source, entry, document).forEach(values::put);
			}
			else if (!entry.value().isEmpty() || !(name.isEmpty() || name.endsWith("/"))) {
				// The remaining keys are markers of directories
				keys.add(entry);
			}
		}
		if (source.format() == Format.AUTO || source.format() == Format.TREE) {
			tree(source, range, keys, values, skipped);
		}
		else {
			keys.forEach((entry) -> skipped.put(entry.key(), "it is no document"));
		}
	}

	/**
	 * The format of a key that is a document.
	 */
	private @Nullable Format document(ImportSource source, KeyRange range, String name, Entry entry) {
		Format format = source.format();
		if (!range.prefix()) {
			Format byName = Format.byExtension(entry.key());
			boolean open = !format.isDocument() || format == Format.DOCUMENT;
			return (open && byName != null) ? byName : (open ? Documents.guess(entry.value()) : format);
		}
		boolean data = name.equals(source.dataKey());
		return switch (format) {
			case TREE -> null;
			case FILES -> Format.byExtension(range.key() + name);
			case AUTO ->
				data ? Documents.guessInTree(entry.value()) : (name.contains(".") ? Format.byExtension(name) : null);
			case DOCUMENT -> data ? Documents.guess(entry.value()) : null;
			case YAML, PROPERTIES, JSON -> data ? format : null;
		};
	}

	private Map<String, ConfigValue> document(ImportSource source, Entry entry, Format format) {
		Map<String, ConfigValue> values = new LinkedHashMap<>();
		for (Documents.Document document : Documents.parse(entry, format)) {
			if (!isActive(document)) {
				continue;
			}
			document.values().forEach((name, value) -> {
				if (!name.startsWith("spring.config.activate.")) {
					Object content = document.value(value);
					EtcdOrigin origin = new EtcdOrigin(entry.key(), entry.modRevision(), document.line(value));
					values.put(source.propertyPrefix() + name, value(content, origin));
				}
			});
		}
		return values;
	}

	private boolean isActive(Documents.Document document) {
		List<String> expressions = new ArrayList<>();
		document.values().forEach((name, value) -> {
			if (name.equals(ON_PROFILE) || name.startsWith(ON_PROFILE + "[")) {
				expressions.addAll(StringUtils.commaDelimitedListToSet(String.valueOf(document.value(value))));
			}
		});
		Set<String> active = this.profiles;
		return expressions.isEmpty()
				|| Profiles.of(expressions.stream().map(String::trim).toArray(String[]::new)).matches(active::contains);
	}

	private void tree(ImportSource source, KeyRange range, List<Entry> keys, Map<String, ConfigValue> values,
			Map<String, String> skipped) {
		Map<String, Entry> winners = new LinkedHashMap<>();
		for (Entry entry : keys) {
			String name = propertyName(entry.key().substring(range.key().length()));
			if (name == null) {
				skipped.put(entry.key(), "it can't be the name of a property");
				continue;
			}
			// a/b and a.b are the same property: the last write takes precedence
			Entry other = winners.get(name);
			boolean wins = other == null || other.modRevision() < entry.modRevision();
			if (wins) {
				winners.put(name, entry);
			}
			if (other != null) {
				skipped.put((wins ? other : entry).key(),
						"'%s' is the same property".formatted((wins ? entry : other).key()));
			}
		}
		winners.forEach((name, entry) -> values.put(source.propertyPrefix() + name,
				value(entry.value(), new EtcdOrigin(entry.key(), entry.modRevision(), null))));
	}

	/**
	 * The name of the property of a key: a slash means a dot, and a number is an index.
	 * @return the name, or {@code null} if the key is not a valid name
	 */
	static @Nullable String propertyName(String key) {
		StringBuilder name = new StringBuilder();
		for (String segment : key.split("/", -1)) {
			if (segment.isEmpty() || segment.chars().anyMatch((c) -> Character.isWhitespace(c) || c < ' ')
					|| segment.startsWith(".") || segment.endsWith(".") || segment.contains("..")) {
				return null;
			}
			boolean index = !name.isEmpty() && segment.length() < 6
					&& segment.chars().allMatch((c) -> c >= '0' && c <= '9');
			if (index) {
				name.append('[').append(segment).append(']');
			}
			else {
				name.append(name.isEmpty() ? "" : ".").append(segment);
			}
		}
		return name.toString();
	}

	private ConfigValue value(Object value, EtcdOrigin origin) {
		if (!(value instanceof String text) || !text.startsWith(CIPHER)) {
			return new ConfigValue(value, origin, false);
		}
		try {
			return new ConfigValue(this.decryptor.apply(text.substring(CIPHER.length())), origin, true);
		}
		catch (RuntimeException ex) {
			throw new InvalidConfigException("The value at %s can't be decrypted".formatted(origin),
					"Check that 'encrypt.key' or 'encrypt.key-store' is what it was encrypted with", ex);
		}
	}

	private static void require(boolean condition, String key, String problem, String advice) {
		if (!condition) {
			throw new InvalidConfigException("'%s' %s".formatted(key, problem), advice, null);
		}
	}

}
