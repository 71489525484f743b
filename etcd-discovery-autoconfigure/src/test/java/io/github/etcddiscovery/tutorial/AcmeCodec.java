package io.github.etcddiscovery.tutorial;

import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceKey;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.instance.InvalidInstanceException;
import io.github.etcddiscovery.instance.ServiceInstanceCodec;

import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;

@Component("acme")
@Order(0)
class AcmeCodec implements ServiceInstanceCodec {

	@Override
	public boolean recognizes(String value) {
		return value.startsWith("acme1 ");
	}

	@Override
	public List<EtcdServiceInstance> decode(InstanceKey key, String value) {
		String[] fields = value.split(" ");
		if (fields.length != 3 || !fields[2].matches("\\d{1,5}")) {
			throw new InvalidInstanceException("the value is not 'acme1 <host> <port>'");
		}
		return List.of(new EtcdServiceInstance(key.service(), key.id(), fields[1], Integer.parseInt(fields[2]), false,
				InstanceStatus.UP, Map.of()));
	}

	@Override
	public String encode(EtcdServiceInstance instance) {
		return "acme1 " + instance.getHost() + " " + instance.getPort();
	}

}
