package io.github.etcddiscovery.discovery;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.client.ServiceInstance;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What somebody writes to etcd who means harm, beside instances that are good.
 */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class HostileValuesIntegrationTests {

	private static final Duration BOUND = Duration.ofSeconds(30);

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private static Map<String, String> hostile() {
		Map<String, String> values = new LinkedHashMap<>();
		values.put("not-json", "{\"host\":");
		values.put("not-anything", "rm -rf /");
		values.put("empty", "");
		values.put("megabyte", "{\"host\":\"10.0.0.9\",\"port\":80,\"x\":\"" + "x".repeat(1_000_000) + "\"}");
		values.put("deep", "[".repeat(10_000) + "]".repeat(10_000));
		values.put("deep-in-metadata",
				"{\"host\":\"10.0.0.9\",\"port\":80,\"metadata\":" + "{\"a\":".repeat(9000) + "1" + "}".repeat(9001));
		values.put("long-number", "{\"host\":\"10.0.0.9\",\"port\":" + "9".repeat(5000) + "}");
		values.put("port", "{\"host\":\"10.0.0.9\",\"port\":70000}");
		values.put("port-zero", "http://10.0.0.9:0");
		values.put("line-break", "{\"host\":\"10.0.0.9\\r\\nINFO forged\",\"port\":80}");
		values.put("user", "http://user:s3cret@10.0.0.9:80");
		values.put("user-in-host", "{\"host\":\"user@10.0.0.9\",\"port\":80}");
		values.put("url-in-host", "{\"host\":\"http://10.0.0.9\",\"port\":80}");
		values.put("scheme", "file://10.0.0.9:80");
		values.put("other-service", "{\"service\":\"payments\",\"host\":\"10.0.0.9\",\"port\":80}");
		values.put("other-id", "{\"id\":\"1\",\"host\":\"10.0.0.9\",\"port\":80}");
		values.put("much-metadata", "{\"host\":\"10.0.0.9\",\"port\":80,\"metadata\":{"
				+ String.join(",", numbered("\"k%d\":\"v\"", 101)) + "}}");
		values.put("long-metadata",
				"{\"host\":\"10.0.0.9\",\"port\":80,\"metadata\":{\"k\":\"" + "v".repeat(9000) + "\"}}");
		return values;
	}

	private static List<String> numbered(String format, int count) {
		List<String> texts = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			texts.add(format.formatted(i));
		}
		return texts;
	}

	@Test
	void isRefusedAloneWhileTheGoodAreServed(CapturedOutput output) {
		etcd.admin().put("services/orders/0", "http://10.0.0.1:80");
		try (Consumer consumer = Consumer.of(etcd.clientUrl()).start().awaitSynced(BOUND)) {
			hostile().forEach((id, value) -> etcd.admin().put("services/orders/" + id, value));
			putBytes("services/orders/not-utf-8".getBytes(StandardCharsets.UTF_8), new byte[] { 'h', (byte) 0xFF });
			putBytes(new byte[] { 's', 'e', 'r', 'v', 'i', 'c', 'e', 's', '/', (byte) 0xFF, '/', '1' }, "x".getBytes());
			putBytes(new byte[] { 's', 'e', 'r', 'v', 'i', 'c', 'e', 's', '/', (byte) 0xFE, '/', '1' }, "x".getBytes());
			etcd.admin().put("services/orders/a\nb", "http://10.0.0.9:80");
			etcd.admin().put("services//1", "http://10.0.0.9:80");
			etcd.admin().put("services/" + "s".repeat(600) + "/1", "http://10.0.0.9:80");
			etcd.admin().put("services/orders/z", "http://10.0.0.2:80");
			int refused = hostile().size() + 6;
			Awaitility.await().atMost(BOUND).untilAsserted(() -> {
				assertThat(urls(consumer, "orders")).containsExactly("http://10.0.0.1:80", "http://10.0.0.2:80");
				assertThat(consumer.catalog().rejected()).hasSize(refused);
			});
			assertThat(consumer.client().getServices()).containsExactly("orders");
			assertThat(consumer.catalog().state().relists()).isZero();
			assertThat(consumer.catalog().rejected()).allSatisfy((key, reason) -> assertThat(reason).isNotBlank());
		}
		List<String> lines = output.getAll().lines().filter((line) -> line.contains("Passing over '")).toList();
		assertThat(lines).hasSize(10);
		assertThat(output).doesNotContain("\nINFO forged", "s3cret", "\tat ");
	}

	@Test
	void isRefusedInAListToo() {
		hostile().forEach((id, value) -> etcd.admin().put("services/orders/" + id, value));
		etcd.admin().put("services/orders/0", "http://10.0.0.1:80");
		try (Consumer consumer = Consumer.of(etcd.clientUrl()).start().awaitSynced(BOUND)) {
			assertThat(urls(consumer, "orders")).containsExactly("http://10.0.0.1:80");
			assertThat(consumer.catalog().rejected()).hasSize(hostile().size());
		}
	}

	@Test
	void servicesWhoseNamesBeginAlikeAreKeptApart() {
		etcd.admin().put("services/foo/1", "http://10.0.0.1:80");
		etcd.admin().put("services/foobar/1", "http://10.0.0.2:80");
		etcd.admin().put("services/foobar", "http://10.0.0.3:80");
		try (Consumer consumer = Consumer.of(etcd.clientUrl()).start().awaitSynced(BOUND)) {
			assertThat(urls(consumer, "foo")).containsExactly("http://10.0.0.1:80");
			assertThat(urls(consumer, "foobar")).containsExactly("http://10.0.0.3:80", "http://10.0.0.2:80");
		}
	}

	private static List<String> urls(Consumer consumer, String service) {
		return consumer.client()
			.getInstances(service)
			.stream()
			.map(ServiceInstance::getUri)
			.map(String::valueOf)
			.toList();
	}

	private static void putBytes(byte[] key, byte[] value) {
		try (Client client = Client.builder().endpoints(etcd.clientUrl()).build()) {
			assertThat(client.getKVClient().put(ByteSequence.from(key), ByteSequence.from(value)))
				.succeedsWithin(BOUND);
		}
	}

}
