package io.github.etcddiscovery.core;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import io.github.etcddiscovery.core.Monitor.Operation;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Monitor}.
 */
class MonitorTests {

	private final List<String> told = new ArrayList<>();

	@Test
	void tellsAllOthers() {
		Monitor.of(Stream.of(this::monitor, this::monitor)).begin(Operation.LIST, "services/*").ended(null);
		assertThat(this.told).containsExactly("LIST services/*", "LIST services/*", "ended", "ended");
	}

	@Test
	void isNotHarmedByOneThatFails() {
		Monitor failing = (operation, subject) -> {
			throw new IllegalStateException("on purpose");
		};
		Monitor failingLater = (operation, subject) -> (failure) -> {
			throw new IllegalStateException("on purpose");
		};
		Monitor.of(Stream.of(failing, failingLater, this::monitor)).begin(Operation.RENEW, "1a").ended(null);
		assertThat(this.told).containsExactly("RENEW 1a", "ended");
	}

	private Monitor.Ending monitor(Operation operation, String subject) {
		this.told.add(operation + " " + subject);
		return (failure) -> this.told.add("ended");
	}

}
