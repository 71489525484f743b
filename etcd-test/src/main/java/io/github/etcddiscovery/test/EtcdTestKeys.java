package io.github.etcddiscovery.test;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import io.github.etcddiscovery.client.EtcdClientFactory;
import io.github.etcddiscovery.client.EtcdConnectionDetails;
import io.github.etcddiscovery.client.EtcdProperties;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

/**
 * Writes to the etcd of a test.
 */
final class EtcdTestKeys implements AutoCloseable {

	private static final ByteSequence ALL = bytes("\0");

	private final EtcdClientFactory factory;

	private final Client client;

	EtcdTestKeys(EtcdConnectionDetails details) {
		// The connection details name the endpoints
		EtcdProperties properties = new Binder(new MapConfigurationPropertySource(Map.of())).bindOrCreate("none",
				EtcdProperties.class);
		this.factory = new EtcdClientFactory(properties, details, List.of(), List.of());
		this.client = this.factory.create();
	}

	/**
	 * Write keys in one transaction; those without a value are deleted.
	 * @return the revision
	 */
	long write(Map<String, @Nullable String> keys) {
		List<Op> operations = new ArrayList<>();
		keys.forEach((key, value) -> operations.add((value != null)
				? Op.put(bytes(key), bytes(value), PutOption.DEFAULT) : Op.delete(bytes(key), DeleteOption.DEFAULT)));
		TxnResponse response = get(this.client.getKVClient().txn().Then(operations.toArray(Op[]::new)).commit());
		return response.getHeader().getRevision();
	}

	/**
	 * Write these keys and delete all others.
	 */
	void replaceAll(Map<String, @Nullable String> keys) {
		Map<String, @Nullable String> changes = new HashMap<>();
		for (KeyValue entry : get(this.client.getKVClient().get(ALL, GetOption.builder().withRange(ALL).build()))
			.getKvs()) {
			changes.put(entry.getKey().toString(StandardCharsets.UTF_8), null);
		}
		changes.putAll(keys);
		if (!changes.isEmpty()) {
			write(changes);
		}
	}

	private static <T> T get(CompletableFuture<T> answer) {
		try {
			return answer.get(10, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
		catch (ExecutionException | TimeoutException ex) {
			throw new IllegalStateException("The etcd of the test does not answer", ex);
		}
	}

	private static ByteSequence bytes(String text) {
		return ByteSequence.from(text, StandardCharsets.UTF_8);
	}

	@Override
	public void close() {
		this.client.close();
		this.factory.close();
	}

}
