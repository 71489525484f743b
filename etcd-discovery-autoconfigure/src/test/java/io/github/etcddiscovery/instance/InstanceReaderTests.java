package io.github.etcddiscovery.instance;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.core.EscapedText;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link InstanceReader}.
 */
@ExtendWith(OutputCaptureExtension.class)
class InstanceReaderTests {

	private final InstanceReader reader = new InstanceReader("services", List.of(new JsonCodec(), new AddressCodec()));

	private final InstanceKey key = this.reader.key("services/orders/a");

	@Test
	void readsKeysUnderItsPrefixOnly() {
		assertThat(this.reader.key("services/orders")).isEqualTo(new InstanceKey("services", "orders", null));
		assertThatExceptionOfType(InvalidInstanceException.class).isThrownBy(() -> this.reader.key("other/orders"));
	}

	@Test
	void readsEachFormat() {
		EtcdServiceInstance instance = new EtcdServiceInstance("orders", "a", "localhost", 3000, false,
				InstanceStatus.UP, Map.of());
		assertThat(this.reader.read(this.key, "{\"host\":\"localhost\",\"port\":3000}")).isEqualTo(List.of(instance));
		assertThat(this.reader.read(this.key, "http://localhost:3000")).isEqualTo(List.of(instance));
		assertThat(this.reader.read(this.key, "localhost:3000\n")).isEqualTo(List.of(instance));
	}

	@ParameterizedTest
	@CsvSource(nullValues = "none",
			value = { "0, 0", "1000, 1000", "7, 7", "' 7 ', 7", "007, 7", "1001, 1000", "2147483647, 1000",
					"99999999999999999999, 1000", "-1, none", "2.5, none", "much, none", "'', none", "NaN, none",
					"1e9, none", "٣, none" })
	void correctsAWeightThatCannotBeAddedUp(String weight, @Nullable String corrected) {
		String value = "{\"host\":\"h\",\"port\":1,\"metadata\":{\"weight\":\"%s\",\"zone\":\"a\"}}".formatted(weight);
		assertThat(this.reader.read(this.key, value)).singleElement().satisfies((instance) -> {
			assertThat(instance.getMetadata().get("weight")).isEqualTo(corrected);
			assertThat(instance.getMetadata()).containsEntry("zone", "a");
		});
	}

	@Test
	void saysOnceThatAWeightWasCorrected(CapturedOutput output) {
		for (int i = 0; i < 3; i++) {
			this.reader.read(this.key, "{\"host\":\"h\",\"port\":1,\"metadata\":{\"weight\":\"-%d\\n\"}}".formatted(i));
		}
		assertThat(output.getAll().lines().filter((line) -> line.contains("weight"))).singleElement()
			.asString()
			.contains("Reading 'services/orders/a' without a weight: its weight '-0\\u{a}' is not a whole number");
	}

	@ParameterizedTest
	@ValueSource(strings = { "rubbish", "[]", "{", "{]", "null", "\u0000", "\ufffd\ufffd",
			"\ufeff{\"host\":\"a\",\"port\":1}", "<xml/>", "a: b", "é" })
	void refusesWhatNoCodecCanRead(String value) {
		assertThatExceptionOfType(InvalidInstanceException.class).isThrownBy(() -> this.reader.read(this.key, value))
			.satisfies((ex) -> assertThat(ex.getMessage()).doesNotContain("\u0000", "\ufeff"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "", " ", "\r\n" })
	void refusesWhatNoCodecRecognizes(String value) {
		assertThatExceptionOfType(InvalidInstanceException.class).isThrownBy(() -> this.reader.read(this.key, value))
			.withMessage("the value '%s' has no known format".formatted(EscapedText.of(value)));
	}

	@Test
	void refusesMegabyteBeforeAnyCodecSeesIt() {
		List<Integer> seen = new ArrayList<>();
		InstanceReader reader = new InstanceReader("services", List.of(new Recording(true, "first", seen)));
		String limit = "x".repeat(64 * 1024);
		assertThat(reader.read(this.key, limit)).hasSize(1);
		assertThatExceptionOfType(InvalidInstanceException.class).isThrownBy(() -> reader.read(this.key, limit + "x"))
			.withMessage("the value has more than 65536 characters");
		assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> reader.read(this.key, "x".repeat(1 << 20)))
			.withMessage("the value has more than 65536 characters");
		assertThat(seen).containsExactly(limit.length());
	}

	@Test
	void firstCodecThatRecognizesTheValueReadsIt() {
		List<Integer> seen = new ArrayList<>();
		InstanceReader reader = new InstanceReader("services", List.of(new Recording(false, "no", seen),
				new Recording(true, "first", seen), new Recording(true, "second", seen)));
		assertThat(reader.read(this.key, "x").get(0).getHost()).isEqualTo("first");
	}

	@Test
	void codecThatRecognizesTheValueHasTheLastWord() {
		InstanceReader reader = new InstanceReader("services",
				List.of(new JsonCodec(), new Recording(true, "other", new ArrayList<>())));
		assertThatExceptionOfType(InvalidInstanceException.class).isThrownBy(() -> reader.read(this.key, "{broken"));
	}

	@Test
	void withoutCodecsNothingCanBeRead() {
		InstanceReader reader = new InstanceReader("services", List.of());
		assertThatExceptionOfType(InvalidInstanceException.class).isThrownBy(() -> reader.read(this.key, "a:1"))
			.withMessage("the value 'a:1' has no known format");
	}

	@Test
	void keepsItsOwnListOfCodecs() {
		List<ServiceInstanceCodec> codecs = new ArrayList<>(List.of(new AddressCodec()));
		InstanceReader reader = new InstanceReader("services", codecs);
		codecs.clear();
		assertThat(reader.read(this.key, "a:1")).hasSize(1);
	}

	private record Recording(boolean recognizing, String host, List<Integer> seen) implements ServiceInstanceCodec {

		@Override
		public boolean recognizes(String value) {
			return this.recognizing;
		}

		@Override
		public List<EtcdServiceInstance> decode(InstanceKey key, String value) {
			this.seen.add(value.length());
			return List
				.of(new EtcdServiceInstance(key.service(), key.id(), this.host, 1, false, InstanceStatus.UP, Map.of()));
		}

		@Override
		public String encode(EtcdServiceInstance instance) {
			throw new UnsupportedOperationException();
		}

	}

}
