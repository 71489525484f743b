package io.github.etcddiscovery.autoconfigure;

import java.util.Map;
import java.util.TreeMap;

import io.github.etcddiscovery.instance.AddressCodec;
import io.github.etcddiscovery.instance.GoNamingCodec;
import io.github.etcddiscovery.instance.JsonCodec;
import io.github.etcddiscovery.instance.ServiceInstanceCodec;

import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * Finds the format that is written, by its name: that of a bean, or one that is built in.
 */
final class WrittenFormat {

	private WrittenFormat() {
	}

	static ServiceInstanceCodec named(String name, Map<String, ServiceInstanceCodec> beans) {
		Map<String, ServiceInstanceCodec> formats = new TreeMap<>(
				Map.of("json", new JsonCodec(), "address", new AddressCodec(), "grpc", new GoNamingCodec()));
		formats.putAll(beans);
		ServiceInstanceCodec format = formats.get(name);
		if (format == null) {
			throw new InvalidConfigurationPropertyValueException("spring.cloud.etcd.discovery.format", name,
					"It must be json, address, grpc or the name of a ServiceInstanceCodec bean; there are "
							+ String.join(", ", formats.keySet()));
		}
		return format;
	}

}
