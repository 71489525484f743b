package io.github.etcddiscovery.autoconfigure;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.github.etcddiscovery.discovery.EtcdDiscoveryProperties;
import io.github.etcddiscovery.instance.AddressCodec;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.GoNamingCodec;
import io.github.etcddiscovery.instance.GoZeroCodec;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.instance.JsonCodec;
import io.github.etcddiscovery.instance.KratosCodec;
import io.github.etcddiscovery.instance.ServiceInstanceCodec;
import io.github.etcddiscovery.registry.EtcdRegistrationProperties;
import io.github.etcddiscovery.registry.FormatProperties;
import io.github.etcddiscovery.registry.WrittenFormat;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * Finds the formats to write by their names, among codec beans and built-in formats.
 */
final class WrittenFormats {

	private static final String PROPERTY = "spring.cloud.etcd.discovery.";

	private static final EtcdServiceInstance EXAMPLE = new EtcdServiceInstance("service", "id", "localhost", 80, false,
			InstanceStatus.UP, Map.of());

	private WrittenFormats() {
	}

	/**
	 * The formats of an application.
	 * @param discovery names the prefixes that are read
	 * @param registration names the formats to write
	 * @param beans the codecs of the application by bean name
	 * @return the formats, in the configured order
	 */
	static List<WrittenFormat> of(EtcdDiscoveryProperties discovery, EtcdRegistrationProperties registration,
			Map<String, ServiceInstanceCodec> beans) {
		Map<String, ServiceInstanceCodec> codecs = new TreeMap<>(
				Map.of("json", new JsonCodec(), "address", new AddressCodec(), "grpc", new GoNamingCodec(), "go-zero",
						new GoZeroCodec(), "kratos", new KratosCodec()));
		codecs.putAll(beans);
		List<String> names = registration.format();
		require(!names.isEmpty(), "format", "", "It must not be empty");
		require(names.stream().distinct().count() == names.size(), "format", String.join(",", names),
				"It must not name a format twice");
		List<WrittenFormat> formats = new ArrayList<>();
		for (String name : names) {
			ServiceInstanceCodec codec = codecs.get(name);
			if (codec == null) {
				throw invalid("format", name,
						"It must be json, address, grpc, go-zero, kratos or the name of a ServiceInstanceCodec bean; "
								+ "there are " + String.join(", ", codecs.keySet()));
			}
			String prefix = prefix(name, formats.isEmpty(), discovery, registration.formats().get(name));
			WrittenFormat format = new WrittenFormat(codec, prefix);
			String key = format.key(EXAMPLE).toString();
			require(formats.stream().noneMatch((other) -> other.key(EXAMPLE).toString().equals(key)), prefixOf(name),
					prefix, "Another format is written below it: each needs a prefix of its own");
			formats.add(format);
		}
		return formats;
	}

	private static String prefix(String name, boolean first, EtcdDiscoveryProperties discovery,
			@Nullable FormatProperties properties) {
		String prefix = (properties != null) ? properties.prefix() : null;
		if (properties != null && properties.withoutPrefix()) {
			require(prefix == null, prefixOf(name), String.valueOf(prefix),
					"It contradicts '%sformats.%s.without-prefix', which is true".formatted(PROPERTY, name));
			return "";
		}
		if (prefix == null) {
			return first ? discovery.prefix() : discovery.prefix() + "-" + name;
		}
		require(!prefix.endsWith("/"), prefixOf(name), prefix, "It must not end with a slash: the starter appends one");
		require(!prefix.startsWith(discovery.prefix() + "/"), prefixOf(name), prefix,
				"It must not lie within '%s': what stands there is read as a service".formatted(discovery.prefix()));
		return prefix;
	}

	private static String prefixOf(String format) {
		return "formats.%s.prefix".formatted(format);
	}

	private static void require(boolean condition, String property, String value, String rule) {
		if (!condition) {
			throw invalid(property, value, rule);
		}
	}

	private static InvalidConfigurationPropertyValueException invalid(String property, String value, String rule) {
		return new InvalidConfigurationPropertyValueException(PROPERTY + property, value, rule);
	}

}
