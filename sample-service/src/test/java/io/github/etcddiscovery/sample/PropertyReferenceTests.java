package io.github.etcddiscovery.sample;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.util.ClassUtils;
import org.springframework.util.StringUtils;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The page that lists all properties says what the configuration metadata says. The test
 * is here since this application has every starter.
 */
class PropertyReferenceTests {

	private static final String METADATA = "META-INF/spring-configuration-metadata.json";

	private static final String PREFIX = "spring.cloud.etcd";

	private static final Path PAGE = Path.of("..", "docs", "properties.md");

	private static final String COMMAND = "mvn -pl sample-service -am test -Dtest=PropertyReferenceTests "
			+ "-Dupdate.docs=true";

	@Test
	void listsEveryPropertyAsTheMetadataDescribesIt() throws IOException {
		String page = page(metadata());
		if (Boolean.getBoolean("update.docs")) {
			Files.writeString(PAGE, page);
		}
		assertThat(Files.readString(PAGE)).as("docs/properties.md is out of date: run " + COMMAND).isEqualTo(page);
	}

	private static List<JsonNode> metadata() throws IOException {
		List<JsonNode> properties = new ArrayList<>();
		for (var resources = PropertyReferenceTests.class.getClassLoader().getResources(METADATA); resources
			.hasMoreElements();) {
			try (InputStream metadata = resources.nextElement().openStream()) {
				JsonMapper.shared().readTree(metadata).path("properties").forEach((property) -> {
					if (name(property).startsWith(PREFIX + ".") || name(property).contains(".etcd.")) {
						properties.add(property);
					}
				});
			}
		}
		return properties;
	}

	private static String page(List<JsonNode> properties) {
		Map<String, List<JsonNode>> sections = new TreeMap<>();
		properties.forEach((property) -> sections.computeIfAbsent(section(name(property)), (name) -> new ArrayList<>())
			.add(property));
		StringBuilder page = new StringBuilder("""
				# All properties

				Generated from the configuration metadata, which an IDE shows as well. After a change:

				```shell
				%s
				```
				""".formatted(COMMAND));
		sections.forEach((section, list) -> {
			page.append("\n## `%s`\n\n| Property | Type | Default | Meaning |\n|---|---|---|---|\n".formatted(section));
			list.sort(Comparator.comparing(PropertyReferenceTests::name));
			list.forEach((property) -> page.append(row(section, property)));
		});
		return page.toString();
	}

	private static String section(String name) {
		return name.substring(0, name.lastIndexOf('.'));
	}

	private static String row(String section, JsonNode property) {
		String description = property.path("description").asString("");
		assertThat(description).as(name(property)).isNotBlank();
		return "| `%s` | %s | %s | %s |\n".formatted(name(property).substring(section.length() + 1), type(property),
				defaultValue(property.path("defaultValue")), cell(StringUtils.capitalize(description)));
	}

	private static String name(JsonNode property) {
		return property.path("name").asString();
	}

	private static String type(JsonNode property) {
		String type = property.path("type").asString();
		int generic = type.indexOf('<');
		return (generic < 0) ? ClassUtils.getShortName(type)
				: ClassUtils.getShortName(type.substring(0, generic)).toLowerCase();
	}

	private static String defaultValue(JsonNode value) {
		if (value.isMissingNode()) {
			return "";
		}
		return value.isArray()
				? code(StringUtils
					.collectionToCommaDelimitedString(value.valueStream().map(JsonNode::asString).toList()))
				: code(value.asString());
	}

	private static String code(String text) {
		return text.isEmpty() ? "" : "`" + text + "`";
	}

	private static String cell(String text) {
		return text.replace("|", "\\|");
	}

}
