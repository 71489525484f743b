package io.github.etcddiscovery.instance;

import java.util.LinkedHashMap;
import java.util.Map;

import io.github.etcddiscovery.core.EscapedText;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads the fields of a JSON object from outside.
 */
final class JsonFields {

	private static final int MAX_DEPTH = 20;

	private static final int MAX_METADATA = 100;

	static final JsonMapper MAPPER = JsonMapper
		.builder(JsonFactory.builder()
			.streamReadConstraints(
					StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).maxNumberLength(20).build())
			.build())
		.build();

	private JsonFields() {
	}

	static JsonNode parse(String value) {
		try {
			JsonNode json = MAPPER.readTree(value);
			if (!json.isObject()) {
				throw new InvalidInstanceException("the value is not a JSON object");
			}
			return json;
		}
		catch (JacksonException ex) {
			throw new InvalidInstanceException("the value is not JSON: " + EscapedText.of(ex.getOriginalMessage()));
		}
	}

	static @Nullable String text(JsonNode json, String field) {
		JsonNode node = json.path(field);
		if (node.isMissingNode() || node.isNull()) {
			return null;
		}
		if (!node.isString()) {
			throw new InvalidInstanceException("the field '%s' is not a string".formatted(field));
		}
		return node.stringValue();
	}

	static String requiredText(JsonNode json, String field) {
		String text = text(json, field);
		if (text == null) {
			throw new InvalidInstanceException("the field '%s' is missing".formatted(field));
		}
		return text;
	}

	/**
	 * Require that a field, if present, names the service of the key.
	 */
	static void requireService(String field, InstanceKey key, @Nullable String service) {
		if (service != null && !key.isOf(service)) {
			requireSame(field, key.service(), service);
		}
	}

	/**
	 * Require that a field, if present, equals a part of the key.
	 */
	static void requireSame(String field, String expected, @Nullable String actual) {
		if (actual != null && !actual.equals(expected)) {
			throw new InvalidInstanceException("the field '%s' says '%s', the key says '%s'".formatted(field,
					EscapedText.of(actual), EscapedText.of(expected)));
		}
	}

	static int port(JsonNode json) {
		JsonNode port = json.path("port");
		if (!port.isInt()) {
			throw new InvalidInstanceException("the field 'port' is missing or not a port number");
		}
		return Addresses.requirePort(port.intValue());
	}

	static Map<String, String> metadata(JsonNode json, String field) {
		JsonNode node = json.path(field);
		if (node.isMissingNode() || node.isNull()) {
			return new LinkedHashMap<>();
		}
		if (!node.isObject() || node.size() > MAX_METADATA) {
			throw notMetadata(field);
		}
		Map<String, String> metadata = new LinkedHashMap<>();
		node.properties().forEach((entry) -> {
			if (!entry.getValue().isValueNode()) {
				throw new InvalidInstanceException(
						"the metadata '%s' is not a string".formatted(EscapedText.of(entry.getKey())));
			}
			metadata.put(entry.getKey(), entry.getValue().asString());
		});
		return metadata;
	}

	static Map<String, String> limited(String field, Map<String, String> metadata) {
		if (metadata.size() > MAX_METADATA) {
			throw notMetadata(field);
		}
		return metadata;
	}

	private static InvalidInstanceException notMetadata(String field) {
		return new InvalidInstanceException(
				"the field '%s' is not an object of at most %d strings".formatted(field, MAX_METADATA));
	}

}
