package io.github.etcddiscovery.instance;

import java.util.Locale;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * Tests for {@link InstanceStatus}.
 */
class InstanceStatusTests {

	@ParameterizedTest
	@EnumSource
	void readsItsOwnNames(InstanceStatus status) {
		assertThat(InstanceStatus.of(status.name())).isEqualTo(status);
	}

	@ParameterizedTest
	@CsvSource({ "up, UP", "Down, DOWN", "' UP ', UP", "out-of-service, OUT_OF_SERVICE",
			"Out_Of-Service, OUT_OF_SERVICE" })
	void readsWhatPeopleWrite(String text, InstanceStatus status) {
		assertThat(InstanceStatus.of(text)).isEqualTo(status);
	}

	@Test
	void doesNotDependOnTheLanguage() {
		Locale before = Locale.getDefault();
		try {
			Locale.setDefault(Locale.forLanguageTag("tr"));
			assertThat(InstanceStatus.of("out_of_service")).isEqualTo(InstanceStatus.OUT_OF_SERVICE);
			assertThat(InstanceStatus.of("starting")).isEqualTo(InstanceStatus.STARTING);
		}
		finally {
			Locale.setDefault(before);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "", " ", "UPP", "0", "OUT OF SERVICE", "null" })
	void refusesOthersAndListsThoseThereAre(String text) {
		assertThatIllegalArgumentException().isThrownBy(() -> InstanceStatus.of(text))
			.withMessage("There is no status '" + text + "'. Use UP, DOWN, OUT_OF_SERVICE, STARTING or UNKNOWN");
	}

	@ParameterizedTest
	@EnumSource
	void messageListsEachStatus(InstanceStatus status) {
		assertThatIllegalArgumentException().isThrownBy(() -> InstanceStatus.of("?"))
			.withMessageContaining(status.name());
	}

	@Test
	void messageIsEscaped() {
		assertThatIllegalArgumentException().isThrownBy(() -> InstanceStatus.of("a\nb"))
			.withMessageContaining("'a\\u{a}b'");
	}

}
