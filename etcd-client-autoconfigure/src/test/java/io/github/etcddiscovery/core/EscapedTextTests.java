package io.github.etcddiscovery.core;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link EscapedText}.
 */
class EscapedTextTests {

	@ParameterizedTest
	@ValueSource(strings = { "", "orders", "http://10.0.0.1:80", "größe", "サービス", "🛒", "a b" })
	void keepsWhatCanBeShown(String text) {
		assertThat(EscapedText.of(text)).isEqualTo(text);
	}

	@ParameterizedTest
	@CsvSource({ "000a, a", "000d, d", "0009, 9", "0000, 0", "001b, 1b", "007f, 7f", "0085, 85", "200b, 200b",
			"202e, 202e", "2028, 2028", "2029, 2029", "feff, feff", "d800, d800", "dfff, dfff", "e000, e000",
			"0378, 378" })
	void escapesWhatCouldForgeALogLine(String character, String escaped) {
		char hostile = (char) Integer.parseInt(character, 16);
		assertThat(EscapedText.of("a" + hostile + "b")).isEqualTo("a\\u{" + escaped + "}b");
	}

	@Test
	void escapesBeyondTheBasicPlane() {
		assertThat(EscapedText.of(Character.toString(0xE0001))).isEqualTo("\\u{e0001}");
	}

	@Test
	void staysOnOneLine() {
		assertThat(EscapedText.of("x\r\n2026-01-01 INFO all is well")).doesNotContain("\n", "\r");
	}

	@Test
	void keepsTwoHundredCharacters() {
		assertThat(EscapedText.of("x".repeat(200))).isEqualTo("x".repeat(200));
	}

	@Test
	void cutsWhatIsLonger() {
		assertThat(EscapedText.of("x".repeat(201))).isEqualTo("x".repeat(200) + "… (201 characters)");
		assertThat(EscapedText.of("x".repeat(1 << 20))).hasSizeLessThan(230).endsWith("… (1048576 characters)");
	}

	@Test
	void neverCutsACharacterInTwo() {
		String cut = EscapedText.of("x".repeat(199) + "🛒🛒");
		assertThat(cut).startsWith("x".repeat(199) + "🛒…");
	}

	@Test
	void escapesStayBoundedToo() {
		assertThat(EscapedText.of("\u202e".repeat(100_000))).hasSizeLessThan(200 * 9 + 40);
	}

}
