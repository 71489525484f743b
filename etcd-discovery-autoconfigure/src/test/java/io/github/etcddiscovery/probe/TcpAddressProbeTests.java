package io.github.etcddiscovery.probe;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;

import io.github.etcddiscovery.probe.AddressProbe.Answer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link TcpAddressProbe}.
 */
class TcpAddressProbeTests {

	private static final Duration SOON = Duration.ofSeconds(5);

	private final TcpAddressProbe probe = new TcpAddressProbe();

	@AfterEach
	void close() {
		this.probe.close();
	}

	@Test
	void isAcceptedWhereSomebodyListens() throws IOException {
		try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
			assertThat(this.probe.ask("127.0.0.1", listener.getLocalPort())).succeedsWithin(SOON)
				.isEqualTo(Answer.ACCEPTED);
		}
	}

	@Test
	void isRefusedWhereNobodyListens() throws IOException {
		int port;
		try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
			port = listener.getLocalPort();
		}
		assertThat(this.probe.ask("127.0.0.1", port)).succeedsWithin(SOON).isEqualTo(Answer.REFUSED);
	}

	@Test
	void isUnknownWhenTheHostIsNotKnown() {
		assertThat(this.probe.ask("no-such-host.invalid", 80)).succeedsWithin(Duration.ofSeconds(20))
			.isEqualTo(Answer.UNKNOWN);
	}

	@Test
	void answersEvenWhenClosed() {
		this.probe.close();
		assertThat(this.probe.ask("127.0.0.1", 1)).succeedsWithin(SOON).isEqualTo(Answer.UNKNOWN);
	}

}
