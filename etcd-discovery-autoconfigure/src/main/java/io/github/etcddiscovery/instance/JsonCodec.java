package io.github.etcddiscovery.instance;

import java.util.List;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads all known JSON formats, which differ in their fields, and writes our own:
 * <pre class="code">
 * {"service":"orders","id":"a-8080","host":"10.1.2.3","port":8080,"scheme":"http",
 *  "status":"UP","metadata":{"zone":"a"}}
 * </pre> {@code host} and {@code port} are required. {@code service} and {@code id} are
 * optional, but must match the key: a value that names another service would redirect its
 * callers. Unknown fields are ignored, so that later versions can add some.
 */
public final class JsonCodec implements ServiceInstanceCodec {

	private static final List<JsonShape> FOREIGN = List.of(new GoNamingShape(), new KratosShape(), new KitexShape(),
			new DubboShape());

	@Override
	public boolean recognizes(String value) {
		return value.stripLeading().startsWith("{");
	}

	@Override
	public List<EtcdServiceInstance> decode(InstanceKey key, String value) {
		JsonNode json = JsonFields.parse(value);
		for (JsonShape shape : FOREIGN) {
			if (shape.fits(json)) {
				return shape.read(key, json);
			}
		}
		return List.of(instance(key, json));
	}

	private static EtcdServiceInstance instance(InstanceKey key, JsonNode json) {
		JsonFields.requireService("service", key, JsonFields.text(json, "service"));
		JsonFields.requireSame("id", key.id(), JsonFields.text(json, "id"));
		String host = Addresses.requireHost(JsonFields.requiredText(json, "host"));
		Scheme scheme = Scheme.of(JsonFields.text(json, "scheme"));
		return new Address(scheme.secure(), host, JsonFields.port(json), scheme.grpcOnly()).toInstance(key,
				status(JsonFields.text(json, "status")), JsonFields.metadata(json, "metadata"));
	}

	/**
	 * Parse a status. An unknown one comes from a newer version, and counts as one that
	 * is not called.
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

	@Override
	public String encode(EtcdServiceInstance instance) {
		ObjectNode json = JsonFields.MAPPER.createObjectNode();
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
