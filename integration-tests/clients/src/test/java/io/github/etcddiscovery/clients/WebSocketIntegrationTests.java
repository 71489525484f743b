package io.github.etcddiscovery.clients;

import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;

import io.github.etcddiscovery.testing.EtcdExtension;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;

import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.web.reactive.socket.WebSocketMessage;
import org.springframework.web.reactive.socket.client.ReactorNettyWebSocketClient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * WebSockets through the reactive gateway, to {@code lb:ws://chat}, go on to be opened
 * when an instance has died. The blocking gateway has no WebSockets.
 */
@Timeout(120)
class WebSocketIntegrationTests {

	/**
	 * Patience with a busy machine; the default is three seconds.
	 */
	private static final Duration STOP = Duration.ofSeconds(20);

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@ParameterizedTest
	@ValueSource(strings = { "--spring.cloud.loadbalancer.retry.enabled=true",
			"--spring.cloud.etcd.loadbalancer.eject-unreachable=false" })
	void opensAnotherInstanceWhenOneHasDied(String argument) {
		DisposableServer one = listen("one");
		DisposableServer two = listen("two");
		try (ConfigurableApplicationContext gateway = Application.REACTIVE_GATEWAY.run(etcd.clientUrl(), argument)) {
			register("one", one);
			register("two", two);
			await().atMost(Duration.ofSeconds(20)).until(() -> answers(gateway, 4).containsAll(List.of("one", "two")));
			one.disposeNow(STOP);
			assertThat(answers(gateway, 20)).hasSize(20).containsOnly("two");
		}
		finally {
			one.disposeNow(STOP);
			two.disposeNow(STOP);
		}
	}

	/**
	 * Leaves it to the client to end the session: the gateway may drop a message that is
	 * followed by the end at once.
	 */
	private static DisposableServer listen(String name) {
		return HttpServer.create()
			.bindAddress(() -> new InetSocketAddress("127.0.0.1", 0))
			.route((routes) -> routes.ws("/talk", (in, out) -> out.sendString(Mono.just(name)).then(Mono.never())))
			.bindNow();
	}

	private static void register(String id, DisposableServer server) {
		etcd.admin().put("services/chat/" + id, "127.0.0.1:" + server.port());
	}

	/**
	 * What the instances said first, or how the gateway refused.
	 */
	private static List<String> answers(ConfigurableApplicationContext gateway, int number) {
		String port = Objects.requireNonNull(gateway.getEnvironment().getProperty("local.server.port"));
		List<String> answers = new ArrayList<>();
		for (int i = 0; i < number; i++) {
			AtomicReference<String> answer = new AtomicReference<>("closed");
			try {
				new ReactorNettyWebSocketClient()
					.execute(URI.create("ws://127.0.0.1:" + port + "/talk"),
							(session) -> session.receive()
								.take(1)
								.map(WebSocketMessage::getPayloadAsText)
								.doOnNext(answer::set)
								.then())
					.block(Duration.ofSeconds(10));
			}
			catch (RuntimeException ex) {
				answer.set(ex.toString());
			}
			answers.add(answer.get());
		}
		return answers;
	}

}
