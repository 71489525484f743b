package io.github.etcddiscovery.coordination;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.PutOption;
import io.github.etcddiscovery.coordination.leader.Elections;
import io.github.etcddiscovery.coordination.leader.LeaderOnly;
import io.github.etcddiscovery.coordination.leader.Leadership;
import io.github.etcddiscovery.coordination.lock.EtcdLock;
import io.github.etcddiscovery.coordination.lock.LockToken;
import io.github.etcddiscovery.coordination.lock.Locks;
import io.github.etcddiscovery.lease.Contender;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

import org.springframework.beans.factory.config.YamlPropertiesFactoryBean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.io.InputStreamResource;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Does what docs/coordination.md says: its code is the code below, its properties are
 * read, and its commands are run.
 */
class CoordinationPageIntegrationTests {

	private static final Path PAGE = Path.of("..", "docs", "coordination.md");

	private static final Path THIS = Path.of("src", "test", "java",
			CoordinationPageIntegrationTests.class.getName().replace('.', '/') + ".java");

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@Test
	void showsCodeThatIsRunHere() throws IOException {
		String source = normalised(Files.readString(THIS));
		assertThat(blocks("java")).hasSize(5).allSatisfy((block) -> assertThat(source).contains(normalised(block)));
	}

	/**
	 * However it is indented and broken into lines.
	 */
	private static String normalised(String code) {
		return code.replaceAll("\\s", "");
	}

	@Test
	void doesWhatThePageSays() throws Exception {
		YamlPropertiesFactoryBean yaml = new YamlPropertiesFactoryBean();
		yaml.setResources(new InputStreamResource(
				new ByteArrayInputStream(blocks("yaml").get(0).getBytes(StandardCharsets.UTF_8))));
		Properties properties = Objects.requireNonNull(yaml.getObject());
		assertThat(properties).containsEntry("spring.cloud.etcd.endpoints", "http://localhost:2379");
		App one = App.start("one", etcd.clientUrl(), List.of(Jobs.class));
		try {
			Billing billing = one.get(Billing.class);
			Leadership leadership = billing.campaign(one.elections());
			soon().until(leadership::isLeader);
			long token = leadership.fencingToken();
			soon().until(() -> billing.bills().contains("leading"));
			soon().until(() -> billing.bills().contains("billed with token " + token));
			billing.order(one.locks());
			assertThat(billing.bills()).anyMatch((line) -> line.startsWith("locked with token "));
			assertThat(billing.orderReactively(one.locks()).block(Duration.ofSeconds(10))).isPositive();
			assertThat(billing.pay(leadership, one.get(Client.class))).isTrue();
			String command = blocks("text").get(0).lines().findFirst().orElseThrow();
			assertThat(etcd.admin().etcdctl(command.substring("$ etcdctl ".length()).split(" ")))
				.startsWith("coordination/leaders/billing/%x".formatted(etcd.admin().leases().get(0)));
			leadership.yield();
			soon().until(() -> billing.bills().contains("not leading"));
			String pin = blocks("shell").get(0).strip();
			etcd.admin().etcdctl(pin.substring("etcdctl ".length()).split(" "));
			soon().until(() -> leadership.state() == Contender.State.OUT);
			etcd.admin().etcdctl("del", "coordination/pins/billing");
			soon().until(leadership::isLeader);
		}
		finally {
			one.close();
		}
		assertThat(etcd.admin().keys("coordination/")).isEmpty();
	}

	private static List<String> blocks(String language) throws IOException {
		return Pattern.compile("^```" + language + "\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL)
			.matcher(Files.readString(PAGE))
			.results()
			.map((MatchResult result) -> result.group(1))
			.toList();
	}

	private static ByteSequence bytes(String text) {
		return ByteSequence.from(text, StandardCharsets.UTF_8);
	}

	private static ConditionFactory soon() {
		return await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(10));
	}

	@Configuration(proxyBeanMethods = false)
	@EnableScheduling
	@Import(Billing.class)
	static class Jobs {

	}

	@Component
	static class Billing {

		private final List<String> bills = new CopyOnWriteArrayList<>();

		List<String> bills() {
			return this.bills;
		}

		@LeaderOnly("billing")
		@Scheduled(fixedDelay = 100)
		void bill() {
			long token = FencingToken.current().orElseThrow().value();
			this.bills.add("billed with token " + token);
		}

		Leadership campaign(Elections elections) {
			return elections.campaign("billing")
				.onGranted((token) -> this.bills.add("leading"))
				.onRevoked((token) -> this.bills.add("not leading"));
		}

		void order(Locks locks) {
			EtcdLock lock = locks.obtain("order-4711");
			lock.lock();
			try {
				this.bills.add("locked with token " + lock.fencingToken());
			}
			finally {
				lock.unlock();
			}
		}

		Mono<Long> orderReactively(Locks locks) {
			return Mono.usingWhen(locks.acquire("order-4711"), (lock) -> Mono.just(lock.fencingToken()),
					LockToken::release);
		}

		boolean pay(Leadership leadership, Client client) throws Exception {
			Op put = Op.put(bytes("account/1"), bytes("paid"), PutOption.DEFAULT);
			return leadership.guard(client.getKVClient().txn()).Then(put).commit().get().isSucceeded();
		}

	}

}
