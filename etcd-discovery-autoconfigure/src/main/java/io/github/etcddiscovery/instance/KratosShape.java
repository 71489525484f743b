package io.github.etcddiscovery.instance;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import io.github.etcddiscovery.core.EscapedText;
import tools.jackson.databind.JsonNode;

/**
 * The format of Kratos, by default below {@code /microservices}: <pre class="code">
 * {"id":"8f14","name":"orders","version":"v1","metadata":{},
 *  "endpoints":["http://10.1.2.3:8000?isSecure=false","grpc://10.1.2.3:9000?isSecure=false"]}
 * </pre> Each http or https endpoint is an instance, with the first gRPC endpoint and the
 * version as metadata. Without such an endpoint, each gRPC endpoint is an instance that
 * speaks only gRPC. The ids of several instances contain their addresses.
 */
final class KratosShape implements JsonShape {

	static final String VERSION = "version";

	@Override
	public boolean fits(JsonNode json) {
		return json.path("endpoints").isArray() && !json.has("host");
	}

	@Override
	public List<EtcdServiceInstance> read(InstanceKey key, JsonNode json) {
		JsonFields.requireService("name", key, JsonFields.text(json, "name"));
		JsonFields.requireSame("id", key.id(), JsonFields.text(json, "id"));
		Map<String, String> metadata = JsonFields.metadata(json, "metadata");
		String version = JsonFields.text(json, VERSION);
		if (version != null && !version.isEmpty()) {
			metadata.putIfAbsent(VERSION, version);
		}
		Map<String, Address> addresses = addresses(json.path("endpoints"), metadata);
		List<EtcdServiceInstance> instances = new ArrayList<>();
		addresses.forEach((hostAndPort, address) -> {
			EtcdServiceInstance instance = address.toInstance(key, InstanceStatus.UP, metadata);
			instances.add((addresses.size() == 1) ? instance : instance.withInstanceId(key.id() + "~" + hostAndPort));
		});
		return instances;
	}

	private static Map<String, Address> addresses(JsonNode endpoints, Map<String, String> metadata) {
		Map<String, Address> http = new LinkedHashMap<>();
		Map<String, Address> grpc = new LinkedHashMap<>();
		for (JsonNode node : endpoints.values()) {
			Endpoint endpoint = Endpoint.of(node.asString(""));
			switch (endpoint.scheme()) {
				case "http", "https" -> http.putIfAbsent(endpoint.hostAndPort(), endpoint.toAddress("http"));
				case "grpc", "grpcs" -> grpc.putIfAbsent(endpoint.hostAndPort(), endpoint.toAddress("grpc"));
				default -> {
					// Another protocol, which no caller here uses
				}
			}
		}
		if (http.isEmpty()) {
			return grpc;
		}
		grpc.values().stream().findFirst().ifPresent((address) -> GrpcEndpoint.of(address).describe(metadata));
		return http;
	}

	/**
	 * An endpoint. Older versions of Kratos declare TLS by a parameter, newer ones by the
	 * scheme.
	 */
	private record Endpoint(String scheme, String hostAndPort, boolean secure) {

		static Endpoint of(String text) {
			int schemeEnd = text.indexOf("://");
			if (schemeEnd < 0) {
				throw new InvalidInstanceException("the endpoint '%s' has no scheme".formatted(EscapedText.of(text)));
			}
			String scheme = text.substring(0, schemeEnd).toLowerCase(Locale.ROOT);
			int query = text.indexOf('?', schemeEnd);
			String rest = text.substring(schemeEnd + 3, (query < 0) ? text.length() : query);
			boolean secure = scheme.endsWith("s") || (query > 0 && text.indexOf("isSecure=true", query) > 0);
			return new Endpoint(scheme, rest, secure);
		}

		Address toAddress(String protocol) {
			return Address.parse(protocol + (this.secure ? "s://" : "://") + this.hostAndPort);
		}

	}

}
