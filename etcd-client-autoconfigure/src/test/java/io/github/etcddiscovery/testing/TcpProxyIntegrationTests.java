package io.github.etcddiscovery.testing;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.kv.PutResponse;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link TcpProxy} between an etcd client and a real etcd.
 */
@Timeout(60)
class TcpProxyIntegrationTests {

	private static final Duration SOON = Duration.ofSeconds(10);

	private static final Duration SILENCE = Duration.ofMillis(300);

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private TcpProxy proxy;

	private Client client;

	@BeforeEach
	void connect() {
		this.proxy = TcpProxy.to(etcd.clientUrl());
		this.client = newClient();
	}

	@AfterEach
	void close() {
		this.client.close();
		this.proxy.close();
	}

	@Test
	void carriesWrites() {
		assertThat(put("key", "value")).succeedsWithin(SOON);
		assertThat(etcd.admin().get("key")).isEqualTo("value");
		assertThat(this.proxy.connections()).isEqualTo(1);
	}

	@Test
	void failsWritesWhileCutAndCarriesThemOnceHealed() {
		assertThat(put("key", "1")).succeedsWithin(SOON);
		this.proxy.cut();
		assertThat(put("key", "2")).failsWithin(SOON).withThrowableOfType(ExecutionException.class);
		this.proxy.heal();
		try (Client fresh = newClient()) {
			assertThat(put(fresh, "key", "3")).succeedsWithin(SOON);
		}
		assertThat(etcd.admin().get("key")).isEqualTo("3");
	}

	@Test
	void deliversAStalledWriteLater() {
		assertThat(put("key", "1")).succeedsWithin(SOON);
		this.proxy.stall();
		CompletableFuture<PutResponse> stalled = put("key", "2");
		assertThat(stalled).failsWithin(SILENCE).withThrowableOfType(TimeoutException.class);
		assertThat(etcd.admin().get("key")).isEqualTo("1");
		this.proxy.heal();
		assertThat(stalled).succeedsWithin(SOON);
		assertThat(etcd.admin().get("key")).isEqualTo("2");
	}

	@Test
	void losesTheRequestWhileUpstreamIsDropped() {
		assertThat(put("key", "1")).succeedsWithin(SOON);
		this.proxy.dropUpstream();
		CompletableFuture<PutResponse> lost = put("key", "2");
		assertThat(lost).failsWithin(SILENCE).withThrowableOfType(TimeoutException.class);
		this.proxy.heal();
		assertThat(lost).failsWithin(SOON).withThrowableOfType(ExecutionException.class);
		assertThat(etcd.admin().get("key")).isEqualTo("1");
	}

	@Test
	void losesOnlyTheAnswerWhileDownstreamIsDropped() {
		assertThat(put("key", "1")).succeedsWithin(SOON);
		this.proxy.dropDownstream();
		CompletableFuture<PutResponse> unanswered = put("key", "2");
		Awaitility.await().until(() -> "2".equals(etcd.admin().get("key")));
		assertThat(unanswered).isNotDone();
		this.proxy.heal();
		assertThat(unanswered).failsWithin(SOON).withThrowableOfType(ExecutionException.class);
	}

	@Test
	void losesWatchEventsWhileDownstreamIsDropped() {
		Queue<String> events = new ConcurrentLinkedQueue<>();
		try (Watch.Watcher watcher = this.client.getWatchClient()
			.watch(bytes("key"), (response) -> response.getEvents()
				.forEach((event) -> events.add(event.getKeyValue().getValue().toString(StandardCharsets.UTF_8))))) {
			Awaitility.await().until(() -> {
				etcd.admin().put("key", "seen");
				return events.contains("seen");
			});
			this.proxy.dropDownstream();
			etcd.admin().put("key", "unseen");
			assertThat(put("other", "value")).failsWithin(SILENCE).withThrowableOfType(TimeoutException.class);
			assertThat(events).doesNotContain("unseen");
		}
	}

	@Test
	void movesClientsToAnotherEtcd() {
		assertThat(put("key", "1")).succeedsWithin(SOON);
		try (EtcdCluster other = EtcdCluster.single().start()) {
			this.proxy.retarget(other.clientUrl());
			this.proxy.cutConnections();
			Awaitility.await().ignoreExceptions().until(() -> {
				put("key", "2").join();
				return true;
			});
			assertThat(other.admin().get("key")).isEqualTo("2");
		}
		assertThat(etcd.admin().get("key")).isEqualTo("1");
	}

	@Test
	void keepsItsPortWhileEtcdRestarts() {
		assertThat(put("key", "1")).succeedsWithin(SOON);
		etcd.cluster().kill();
		assertThat(put("key", "2")).failsWithin(SOON).withThrowableOfType(ExecutionException.class);
		etcd.cluster().start();
		try (Client fresh = newClient()) {
			assertThat(put(fresh, "key", "3")).succeedsWithin(SOON);
		}
	}

	private Client newClient() {
		return Client.builder().endpoints(this.proxy.url()).waitForReady(false).retryMaxAttempts(1).build();
	}

	private CompletableFuture<PutResponse> put(String key, String value) {
		return put(this.client, key, value);
	}

	private static CompletableFuture<PutResponse> put(Client client, String key, String value) {
		return client.getKVClient().put(bytes(key), bytes(value));
	}

	private static ByteSequence bytes(String text) {
		return ByteSequence.from(text, StandardCharsets.UTF_8);
	}

}
