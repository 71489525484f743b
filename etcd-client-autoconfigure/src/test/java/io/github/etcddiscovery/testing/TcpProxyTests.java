package io.github.etcddiscovery.testing;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;

import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

/**
 * Tests for {@link TcpProxy}, with the test itself as the client and the target.
 */
@Timeout(30)
class TcpProxyTests {

	private static final int SILENCE_MILLIS = 150;

	private static final int ARRIVAL_MILLIS = 10_000;

	private final List<AutoCloseable> resources = new ArrayList<>();

	private ServerSocket target;

	private TcpProxy proxy;

	@BeforeEach
	void listen() throws IOException {
		this.target = listener();
		this.proxy = TcpProxy.to(url(this.target));
		this.resources.add(this.proxy);
	}

	@AfterEach
	void close() throws Exception {
		for (AutoCloseable resource : this.resources) {
			resource.close();
		}
	}

	@Test
	void forwardsBothWays() throws IOException {
		Socket client = connect();
		Socket server = accept(this.target);
		send(client, "ping");
		assertThat(receive(server, 4)).isEqualTo("ping");
		send(server, "pong");
		assertThat(receive(client, 4)).isEqualTo("pong");
		assertThat(this.proxy.url()).isEqualTo("http://127.0.0.1:" + this.proxy.port());
	}

	@Test
	void forwardsCloseAfterTheLastByte() throws IOException {
		Socket client = connect();
		Socket server = accept(this.target);
		send(server, "bye");
		server.close();
		assertThat(receive(client, 3)).isEqualTo("bye");
		assertClosed(client);
		awaitConnections(0);
	}

	@Test
	void carriesMoreThanItsBuffersHoldWhenTheReaderIsSlow() throws IOException {
		byte[] sent = new byte[48 * 1024 * 1024];
		new Random(1).nextBytes(sent);
		Socket client = connect();
		Socket server = accept(this.target);
		CompletableFuture<Void> sender = CompletableFuture.runAsync(() -> {
			try {
				server.getOutputStream().write(sent);
			}
			catch (IOException ex) {
				throw new IllegalStateException(ex);
			}
		}, (task) -> new Thread(task, "sender").start());
		// The proxy holds back a sender who is ahead of his reader.
		assertThat(sender).failsWithin(Duration.ofMillis(700)).withThrowableOfType(TimeoutException.class);
		byte[] received = client.getInputStream().readNBytes(sent.length);
		sender.join();
		assertThat(Arrays.equals(received, sent)).isTrue();
	}

	@Test
	void countsConnections() throws IOException {
		Socket first = connect();
		accept(this.target);
		connect();
		accept(this.target);
		assertThat(this.proxy.connections()).isEqualTo(2);
		first.close();
		awaitConnections(1);
		assertThat(this.proxy.acceptedConnections()).isEqualTo(2);
	}

	@Test
	void resetsConnectionsAndRefusesNewOnesWhileCut() throws IOException {
		Socket client = connect();
		Socket server = accept(this.target);
		this.proxy.cut();
		assertReset(client);
		assertReset(server);
		assertThat(this.proxy.connections()).isZero();
		assertThatExceptionOfType(ConnectException.class).isThrownBy(this::connect);
	}

	@Test
	void acceptsOnTheSamePortOnceHealed() throws IOException {
		for (int i = 0; i < 20; i++) {
			this.proxy.cut();
			this.proxy.heal();
			Socket client = connect();
			send(client, "again");
			assertThat(receive(accept(this.target), 5)).isEqualTo("again");
		}
	}

	@Test
	void acceptsNewConnectionsAfterCuttingThoseThereWere() throws IOException {
		Socket client = connect();
		accept(this.target);
		this.proxy.cutConnections();
		assertReset(client);
		send(connect(), "new");
		assertThat(receive(accept(this.target), 3)).isEqualTo("new");
	}

	@Test
	void holdsEverythingWhileStalledAndDeliversItLater() throws IOException {
		Socket client = connect();
		Socket server = accept(this.target);
		this.proxy.stall();
		send(client, "up");
		send(server, "down");
		server.shutdownOutput();
		assertSilent(client);
		assertSilent(server);
		this.proxy.heal();
		assertThat(receive(server, 2)).isEqualTo("up");
		assertThat(receive(client, 4)).isEqualTo("down");
		assertClosed(client);
	}

	@Test
	void connectsToTheTargetAfterTheStallItWasOpenedIn() throws IOException {
		this.proxy.stall();
		Socket client = connect();
		send(client, "hello");
		assertNobodyArrives();
		this.proxy.heal();
		assertThat(receive(accept(this.target), 5)).isEqualTo("hello");
	}

	@Test
	void losesOnlyWhatGoesUpWhileUpstreamIsDropped() throws IOException {
		Socket client = connect();
		Socket server = accept(this.target);
		this.proxy.dropUpstream();
		send(client, "lost");
		assertSilent(server);
		send(server, "down");
		assertThat(receive(client, 4)).isEqualTo("down");
		this.proxy.heal();
		assertReset(client);
		assertReset(server);
	}

	@Test
	void losesWhatIsUnderWayWhenADropBegins() throws IOException {
		Socket client = connect();
		Socket server = accept(this.target);
		this.proxy.latency(Duration.ofMinutes(1));
		send(client, "lost");
		assertSilent(server);
		this.proxy.dropUpstream();
		this.proxy.heal();
		assertReset(client);
		assertReset(server);
	}

	@Test
	void losesOnlyWhatGoesDownWhileDownstreamIsDropped() throws IOException {
		Socket client = connect();
		Socket server = accept(this.target);
		this.proxy.dropDownstream();
		send(server, "lost");
		assertSilent(client);
		send(client, "up");
		assertThat(receive(server, 2)).isEqualTo("up");
		this.proxy.heal();
		assertReset(client);
		assertReset(server);
	}

	@Test
	void keepsAConnectionThatLostNothing() throws IOException {
		Socket client = connect();
		Socket server = accept(this.target);
		this.proxy.blackhole();
		assertSilent(client);
		this.proxy.heal();
		send(client, "alive");
		assertThat(receive(server, 5)).isEqualTo("alive");
	}

	@Test
	void losesTheCloseOfAConnectionToo() throws IOException {
		Socket client = connect();
		Socket server = accept(this.target);
		this.proxy.dropUpstream();
		client.close();
		awaitConnections(0);
		assertSilent(server);
		this.proxy.heal();
		assertReset(server);
	}

	@Test
	void silencesOnlyTheConnectionsThereWere() throws IOException {
		Socket client = connect();
		Socket server = accept(this.target);
		this.proxy.silenceConnections();
		send(client, "lost");
		send(server, "lost");
		assertSilent(server);
		assertSilent(client);
		send(connect(), "new");
		assertThat(receive(accept(this.target), 3)).isEqualTo("new");
	}

	@Test
	void acceptsNewConnectionsInSilenceWhileDropping() throws IOException {
		this.proxy.dropDownstream();
		Socket client = connect();
		Socket quiet = connect();
		send(client, "lost");
		assertNobodyArrives();
		assertSilent(client);
		this.proxy.heal();
		assertReset(client);
		assertReset(quiet);
	}

	@Test
	void delaysEachDirectionAndKeepsTheOrder() throws IOException {
		Socket client = connect();
		Socket server = accept(this.target);
		this.proxy.latency(Duration.ofMillis(100));
		long start = System.nanoTime();
		send(client, "1");
		assertThat(receive(server, 1)).isEqualTo("1");
		send(server, "2");
		assertThat(receive(client, 1)).isEqualTo("2");
		assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(Duration.ofMillis(200));
		send(client, "slow");
		this.proxy.latency(Duration.ZERO);
		send(client, "fast");
		assertThat(receive(server, 8)).isEqualTo("slowfast");
	}

	@Test
	void cutsAfterSoManyBytesDown() throws IOException {
		Socket client = connect();
		Socket server = accept(this.target);
		this.proxy.cutAfterDownstreamBytes(5);
		send(server, "123");
		assertThat(receive(client, 3)).isEqualTo("123");
		send(server, "45678");
		assertThat(receive(client, 2)).isEqualTo("45");
		assertClosed(client);
		assertReset(server);
		send(connect(), "once only");
		assertThat(receive(accept(this.target), 9)).isEqualTo("once only");
	}

	@Test
	void cutsAfterSoManyBytesUp() throws IOException {
		Socket client = connect();
		Socket server = accept(this.target);
		this.proxy.cutAfterUpstreamBytes(4);
		send(client, "1234567");
		assertThat(receive(server, 4)).isEqualTo("1234");
		assertClosed(server);
		assertReset(client);
	}

	@Test
	void forwardsNewConnectionsToTheNewTarget() throws IOException {
		Socket client = connect();
		Socket server = accept(this.target);
		ServerSocket other = listener();
		this.proxy.retarget(url(other));
		send(connect(), "new");
		assertThat(receive(accept(other), 3)).isEqualTo("new");
		send(client, "old");
		assertThat(receive(server, 3)).isEqualTo("old");
	}

	@Test
	void resetsAConnectionItsTargetRefuses() throws IOException {
		this.target.close();
		Socket client = connect();
		assertReset(client);
		awaitConnections(0);
	}

	private ServerSocket listener() throws IOException {
		ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
		listener.setSoTimeout(ARRIVAL_MILLIS);
		this.resources.add(listener);
		return listener;
	}

	private static String url(ServerSocket listener) {
		return "http://127.0.0.1:" + listener.getLocalPort();
	}

	private Socket connect() throws IOException {
		return open(new Socket(InetAddress.getLoopbackAddress(), this.proxy.port()));
	}

	private Socket accept(ServerSocket listener) throws IOException {
		return open(listener.accept());
	}

	private Socket open(Socket socket) throws IOException {
		socket.setSoTimeout(ARRIVAL_MILLIS);
		this.resources.add(socket);
		return socket;
	}

	private static void send(Socket socket, String text) throws IOException {
		socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
	}

	private static String receive(Socket socket, int length) throws IOException {
		InputStream stream = socket.getInputStream();
		return new String(stream.readNBytes(length), StandardCharsets.UTF_8);
	}

	private static void assertSilent(Socket socket) throws IOException {
		socket.setSoTimeout(SILENCE_MILLIS);
		assertThat(read(socket)).isInstanceOf(SocketTimeoutException.class);
		socket.setSoTimeout(ARRIVAL_MILLIS);
	}

	private void assertNobodyArrives() throws IOException {
		this.target.setSoTimeout(SILENCE_MILLIS);
		assertThatExceptionOfType(SocketTimeoutException.class).isThrownBy(this.target::accept);
		this.target.setSoTimeout(ARRIVAL_MILLIS);
	}

	private static void assertReset(Socket socket) {
		assertThat(read(socket)).isInstanceOf(SocketException.class).hasMessageContaining("reset");
	}

	private static void assertClosed(Socket socket) throws IOException {
		assertThat(socket.getInputStream().read()).isEqualTo(-1);
	}

	private static @Nullable Throwable read(Socket socket) {
		return catchThrowable(() -> socket.getInputStream().read());
	}

	private void awaitConnections(int count) {
		Awaitility.await()
			.pollInterval(Duration.ofMillis(5))
			.untilAsserted(() -> assertThat(this.proxy.connections()).isEqualTo(count));
	}

}
