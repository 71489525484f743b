package io.github.etcddiscovery.console;

import java.util.HashMap;
import java.util.Map;

import io.github.etcddiscovery.watch.Entry;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Callers}.
 */
class CallersTests {

	private final Map<String, Entry> entries = new HashMap<>();

	@Test
	void countsTheInstancesThatCallAService() {
		put("shop/1", "{\"calls\":[\"orders\",\"payments\"]}");
		put("shop/2", "{\"calls\":[\"orders\"],\"more\":1}");
		put("mail/1", "{\"calls\":[\"orders\"]}");
		Callers callers = callers();
		assertThat(callers.rejected()).isEmpty();
		assertThat(callers.all()).extracting(Callers.Caller::application).containsExactly("mail", "shop");
		assertThat(callers.all().get(1).instances()).isEqualTo(2);
		assertThat(callers.of("orders")).containsExactly(Map.entry("mail", 1), Map.entry("shop", 2));
		assertThat(callers.of("shop")).isEmpty();
		assertThat(callers.calls("shop")).containsExactly(Map.entry("orders", 2), Map.entry("payments", 1));
		assertThat(callers.calls("nobody")).isEmpty();
	}

	@Test
	void countsAServiceThatAnInstanceNamesTwiceOnce() {
		put("shop/1", "{\"calls\":[\"orders\",\"orders\"]}");
		assertThat(callers().of("orders")).containsExactly(Map.entry("shop", 1));
	}

	@Test
	void passesOverWhatIsNone() {
		put("shop", "{\"calls\":[]}");
		put("shop/", "{\"calls\":[]}");
		put("shop/1", "nonsense");
		put("shop/2", "{\"calls\":\"orders\"}");
		put("shop/3", "[".repeat(100_000));
		put("shop/4", "{\"calls\":[%s1]}".formatted("1,".repeat(1000)));
		put("shop/5", " ".repeat(200_001));
		Callers callers = callers();
		assertThat(callers.all()).isEmpty();
		assertThat(callers.rejected()).hasSize(7)
			.containsEntry("consumers/shop", "the key of a consumer is consumers/<application>/<instance>");
	}

	private void put(String key, String value) {
		this.entries.put("consumers/" + key, new Entry("consumers/" + key, value, 1, 1));
	}

	private Callers callers() {
		return Callers.of("consumers/", this.entries);
	}

}
