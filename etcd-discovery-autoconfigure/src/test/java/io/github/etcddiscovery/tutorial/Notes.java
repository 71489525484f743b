package io.github.etcddiscovery.tutorial;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.KV;

import org.springframework.stereotype.Component;

@Component
class Notes {

	private final KV kv;

	Notes(Client client) {
		this.kv = client.getKVClient();
	}

	void put(String key, String value) throws Exception {
		this.kv.put(bytes(key), bytes(value)).get(5, TimeUnit.SECONDS);
	}

	Optional<String> get(String key) throws Exception {
		return this.kv.get(bytes(key))
			.get(5, TimeUnit.SECONDS)
			.getKvs()
			.stream()
			.map((entry) -> entry.getValue().toString(StandardCharsets.UTF_8))
			.findFirst();
	}

	void delete(String key) throws Exception {
		this.kv.delete(bytes(key)).get(5, TimeUnit.SECONDS);
	}

	static ByteSequence bytes(String text) {
		return ByteSequence.from(text, StandardCharsets.UTF_8);
	}

}
