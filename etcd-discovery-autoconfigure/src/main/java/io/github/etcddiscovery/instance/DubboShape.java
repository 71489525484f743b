package io.github.etcddiscovery.instance;

import java.util.List;

import tools.jackson.databind.JsonNode;

/**
 * The format of Dubbo's application discovery, below {@code /services}:
 * <pre class="code">
 * {"serviceName":"orders","host":"10.1.2.3","port":20880,"enabled":true,"healthy":true,
 *  "metadata":{"dubbo.metadata.revision":"a1"}}
 * </pre> An instance that is not enabled is out of service; one that is not healthy is
 * down.
 */
final class DubboShape implements JsonShape {

	@Override
	public boolean fits(JsonNode json) {
		return json.has("serviceName") && json.has("host");
	}

	@Override
	public List<EtcdServiceInstance> read(InstanceKey key, JsonNode json) {
		JsonFields.requireService("serviceName", key, JsonFields.text(json, "serviceName"));
		String host = Addresses.requireHost(JsonFields.requiredText(json, "host"));
		return List.of(new Address(false, host, JsonFields.port(json)).toInstance(key, status(json),
				JsonFields.metadata(json, "metadata")));
	}

	private static InstanceStatus status(JsonNode json) {
		if (!json.path("enabled").asBoolean(true)) {
			return InstanceStatus.OUT_OF_SERVICE;
		}
		return json.path("healthy").asBoolean(true) ? InstanceStatus.UP : InstanceStatus.DOWN;
	}

}
