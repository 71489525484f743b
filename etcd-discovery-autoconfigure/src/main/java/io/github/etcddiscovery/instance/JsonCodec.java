package io.github.etcddiscovery.instance;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Our own format, a small JSON object: <pre class="code">
 * {"service":"orders","id":"a-8080","host":"10.1.2.3","port":8080,"scheme":"http",
 *  "status":"UP","metadata":{"zone":"a"}}
 * </pre> {@code host} and {@code port} are required. {@code service} and {@code id} may
 * be left out, but when they are there they say the same as the key: a value that names
 * another service would redirect its callers. Fields that are not known are passed over,
 * so that later versions can add some.
 */
public final class JsonCodec implements ServiceInstanceCodec {

	private static final int MAX_DEPTH = 20;

	private static final int MAX_METADATA = 100;

	private final JsonMapper mapper = JsonMapper
		.builder(JsonFactory.builder()
			.streamReadConstraints(
					StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).maxNumberLength(20).build())
			.build())
		.build();

	@Override
	public boolean recognizes(String value) {
		return value.stripLeading().startsWith("{");
	}

	@Override
	public List<EtcdServiceInstance> decode(InstanceKey key, String value) {
		JsonNode json = parse(value);
		requireSame("service", key.service(), text(json, "service"));
		requireSame("id", key.id(), text(json, "id"));
		String host = text(json, "host");
		if (host == null) {
			throw new InvalidInstanceException("the field 'host' is missing");
		}
		return List.of(new EtcdServiceInstance(key.service(), key.id(), Addresses.requireHost(host), port(json),
				isSecure(text(json, "scheme")), status(text(json, "status")), metadata(json.path("metadata"))));
	}

	private JsonNode parse(String value) {
		try {
			JsonNode json = this.mapper.readTree(value);
			if (!json.isObject()) {
				throw new InvalidInstanceException("the value is not a JSON object");
			}
			return json;
		}
		catch (JacksonException ex) {
			throw new InvalidInstanceException("the value is not JSON: " + EscapedText.of(ex.getOriginalMessage()));
		}
	}

	private static @Nullable String text(JsonNode json, String field) {
		JsonNode node = json.path(field);
		if (node.isMissingNode() || node.isNull()) {
			return null;
		}
		if (!node.isString()) {
			throw new InvalidInstanceException("the field '%s' is not a string".formatted(field));
		}
		return node.stringValue();
	}

	private static void requireSame(String field, String expected, @Nullable String actual) {
		if (actual != null && !actual.equals(expected)) {
			throw new InvalidInstanceException("the field '%s' says '%s', the key says '%s'".formatted(field,
					EscapedText.of(actual), EscapedText.of(expected)));
		}
	}

	private static int port(JsonNode json) {
		JsonNode port = json.path("port");
		if (!port.isInt()) {
			throw new InvalidInstanceException("the field 'port' is missing or not a port number");
		}
		return Addresses.requirePort(port.intValue());
	}

	private static boolean isSecure(@Nullable String scheme) {
		if (scheme == null || scheme.equals("http")) {
			return false;
		}
		if (scheme.equals("https")) {
			return true;
		}
		throw new InvalidInstanceException(
				"the scheme '%s' is neither http nor https".formatted(EscapedText.of(scheme)));
	}

	/**
	 * A status that is not known comes from a newer version: not callable, as far as this
	 * one can tell.
	 */
	private static InstanceStatus status(@Nullable String status) {
		if (status == null) {
			return InstanceStatus.UP;
		}
		try {
			return InstanceStatus.of(status);
		}
		catch (IllegalArgumentException ex) {
			return InstanceStatus.UNKNOWN;
		}
	}

	private static Map<String, String> metadata(JsonNode json) {
		if (json.isMissingNode() || json.isNull()) {
			return Map.of();
		}
		if (!json.isObject() || json.size() > MAX_METADATA) {
			throw new InvalidInstanceException(
					"the field 'metadata' is not an object of at most %d strings".formatted(MAX_METADATA));
		}
		Map<String, String> metadata = new LinkedHashMap<>();
		json.properties().forEach((entry) -> {
			if (!entry.getValue().isValueNode()) {
				throw new InvalidInstanceException(
						"the metadata '%s' is not a string".formatted(EscapedText.of(entry.getKey())));
			}
			metadata.put(entry.getKey(), entry.getValue().asString());
		});
		return metadata;
	}

	@Override
	public String encode(EtcdServiceInstance instance) {
		ObjectNode json = this.mapper.createObjectNode();
		json.put("service", instance.getServiceId());
		json.put("id", instance.getInstanceId());
		json.put("host", instance.getHost());
		json.put("port", instance.getPort());
		json.put("scheme", instance.getScheme());
		json.put("status", instance.getStatus().name());
		ObjectNode metadata = json.putObject("metadata");
		instance.getMetadata().forEach(metadata::put);
		return json.toString();
	}

}
