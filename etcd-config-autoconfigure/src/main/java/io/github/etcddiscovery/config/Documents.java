package io.github.etcddiscovery.config;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.watch.Entry;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.env.PropertiesPropertySourceLoader;
import org.springframework.boot.env.PropertySourceLoader;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.origin.OriginTrackedValue;
import org.springframework.boot.origin.TextResourceOrigin;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ByteArrayResource;

/**
 * Reads documents that are the value of a key. Spring Boot's own loaders read YAML and
 * properties, so a document means the same as a file with the same content.
 */
final class Documents {

	private static final JsonMapper mapper = JsonMapper.builder().build();

	private Documents() {
	}

	/**
	 * The format of a document whose key has no extension.
	 */
	static Format guess(String text) {
		String stripped = text.strip();
		if (stripped.startsWith("{")) {
			return Format.JSON;
		}
		boolean assignments = stripped.lines()
			.filter((line) -> !line.isBlank() && !line.startsWith("#"))
			.allMatch((line) -> line.matches("[\\w.\\-\\[\\]]+\\s*=.*"));
		return (assignments && !stripped.isEmpty()) ? Format.PROPERTIES : Format.YAML;
	}

	/**
	 * The format of a value in a tree, where it may also be the value of a property.
	 * @return the format, or {@code null} for a property
	 */
	static @Nullable Format guessInTree(String text) {
		Format format = guess(text);
		return (format != Format.YAML || text.matches("(?s).*[\\w\"']:(\\s.*|$)")) ? format : null;
	}

	/**
	 * Read the documents in a value.
	 * @throws InvalidConfigException if it can't be read
	 */
	static List<Document> parse(Entry entry, Format format) {
		try {
			return switch (format) {
				case JSON -> List.of(new Document(flatten(mapper.readValue(entry.value(), Map.class))));
				case PROPERTIES -> load(entry, new PropertiesPropertySourceLoader());
				default -> load(entry, new YamlPropertySourceLoader());
			};
		}
		catch (JacksonException ex) {
			throw invalid(entry, format, (ex.getLocation() != null) ? ex.getLocation().getLineNr() : 0, ex);
		}
		catch (MarkedYAMLException ex) {
			throw invalid(entry, format, (ex.getProblemMark() != null) ? ex.getProblemMark().getLine() + 1 : 0, ex);
		}
		catch (IOException | RuntimeException ex) {
			throw invalid(entry, format, 0, ex);
		}
	}

	private static InvalidConfigException invalid(Entry entry, Format format, int line, Exception cause) {
		// The message of the exception quotes the document, which may contain secrets
		return new InvalidConfigException(
				"'%s' at revision %d is no %s that can be read%s".formatted(entry.key(), entry.modRevision(),
						(format == Format.PROPERTIES) ? "properties file" : format.name(),
						(line > 0) ? ": see its line " + line : " (%s)".formatted(cause.getClass().getSimpleName())),
				"Correct the document", null);
	}

	private static List<Document> load(Entry entry, PropertySourceLoader loader) throws IOException {
		ByteArrayResource resource = new ByteArrayResource(entry.value().getBytes(StandardCharsets.UTF_8));
		List<Document> documents = new ArrayList<>();
		for (PropertySource<?> source : loader.load(entry.key(), resource)) {
			documents.add(new Document(((MapPropertySource) source).getSource()));
		}
		return documents;
	}

	private static Map<String, Object> flatten(Map<?, ?> root) {
		Map<String, Object> flat = new LinkedHashMap<>();
		root.forEach((name, value) -> flatten(String.valueOf(name), value, flat));
		return flat;
	}

	/**
	 * As Spring Boot flattens YAML.
	 */
	private static void flatten(String name, @Nullable Object value, Map<String, Object> flat) {
		if (value instanceof Map<?, ?> map && !map.isEmpty()) {
			map.forEach((key, child) -> flatten(name + "." + key, child, flat));
		}
		else if (value instanceof List<?> list && !list.isEmpty()) {
			for (int i = 0; i < list.size(); i++) {
				flatten(name + "[" + i + "]", list.get(i), flat);
			}
		}
		else {
			boolean empty = value == null || value instanceof Map || value instanceof List;
			flat.put(name, empty ? "" : value);
		}
	}

	/**
	 * A document.
	 */
	record Document(Map<String, Object> values) {

		Object value(Object value) {
			Object content = (value instanceof OriginTrackedValue tracked) ? tracked.getValue() : value;
			return (content instanceof CharSequence text) ? text.toString() : content;
		}

		@Nullable String line(Object value) {
			return (value instanceof OriginTrackedValue tracked
					&& tracked.getOrigin() instanceof TextResourceOrigin text && text.getLocation() != null)
							? text.getLocation().toString() : null;
		}

	}

}
