package io.github.etcddiscovery.instance;

import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.core.EscapedText;
import tools.jackson.databind.JsonNode;

/**
 * The format of Kitex, by default below {@code kitex/registry-etcd}: <pre class="code">
 * {"network":"tcp","address":"10.1.2.3:8888","weight":10,"tags":{"zone":"a"}}
 * </pre> The weight becomes the metadata that Spring Cloud LoadBalancer reads; 0 means
 * that none was set, which counts as 10 for Kitex. Hertz uses the same format.
 */
final class KitexShape implements JsonShape {

	private static final int DEFAULT_WEIGHT = 10;

	@Override
	public boolean fits(JsonNode json) {
		return json.has("network") && json.has("address") && !json.has("host");
	}

	@Override
	public List<EtcdServiceInstance> read(InstanceKey key, JsonNode json) {
		String network = JsonFields.requiredText(json, "network");
		if (!network.startsWith("tcp")) {
			throw new InvalidInstanceException("the network '%s' is not tcp".formatted(EscapedText.of(network)));
		}
		Map<String, String> metadata = JsonFields.metadata(json, "tags");
		int weight = json.path("weight").asInt(0);
		metadata.put("weight", String.valueOf((weight > 0) ? weight : DEFAULT_WEIGHT));
		return List
			.of(Address.parse(JsonFields.requiredText(json, "address")).toInstance(key, InstanceStatus.UP, metadata));
	}

}
