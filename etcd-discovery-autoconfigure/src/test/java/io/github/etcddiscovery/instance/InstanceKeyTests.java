package io.github.etcddiscovery.instance;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link InstanceKey}.
 */
class InstanceKeyTests {

	@Test
	void readsServiceAndId() {
		InstanceKey key = InstanceKey.parse("services", "services/orders/a-8080");
		assertThat(key.service()).isEqualTo("orders");
		assertThat(key.instanceId()).isEqualTo("a-8080");
		assertThat(key.id()).isEqualTo("a-8080");
	}

	@Test
	void bareNameIsAnInstanceNamedLikeItsService() {
		InstanceKey key = InstanceKey.parse("services", "services/orders");
		assertThat(key.service()).isEqualTo("orders");
		assertThat(key.instanceId()).isNull();
		assertThat(key.id()).isEqualTo("orders");
	}

	@Test
	void prefixMayHaveSeveralParts() {
		InstanceKey key = InstanceKey.parse("/teams/a/services", "/teams/a/services/orders/1");
		assertThat(key).isEqualTo(new InstanceKey("/teams/a/services", "orders", "1"));
	}

	@Test
	void prefixIsNoRegularExpression() {
		assertThat(InstanceKey.parse("a.c(", "a.c(/orders").service()).isEqualTo("orders");
		assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> InstanceKey.parse("a.c", "abc/orders"));
	}

	@Test
	void nameThatBeginsLikeAnotherIsAnotherService() {
		assertThat(InstanceKey.parse("services", "services/foobar/1").service()).isEqualTo("foobar");
		assertThat(InstanceKey.parse("services", "services/foo/bar/1"))
			.isEqualTo(new InstanceKey("services", "foo", "bar/1"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "service", "services", "services2/orders", "Services/orders", "x/services/orders" })
	void refusesKeyOutsideThePrefix(String key) {
		assertThatExceptionOfType(InvalidInstanceException.class).isThrownBy(() -> InstanceKey.parse("services", key))
			.withMessage("the key does not begin with 'services/'");
	}

	@ParameterizedTest
	@ValueSource(strings = { "services/", "services//", "services//1" })
	void refusesEmptyServiceName(String key) {
		assertThatExceptionOfType(InvalidInstanceException.class).isThrownBy(() -> InstanceKey.parse("services", key))
			.withMessage("the service name in the key is empty");
	}

	@Test
	void refusesEmptyInstanceId() {
		assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> InstanceKey.parse("services", "services/orders/"))
			.withMessage("the instance id in the key is empty");
	}

	@ParameterizedTest
	@ValueSource(strings = { "a\nb", "a\rb", "a\tb", "a\u0000b", "\u007f", "a\u0085", "a\ufffdb" })
	void refusesControlCharactersAndWhatWasNotUtf8(String name) {
		assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> InstanceKey.parse("services", "services/" + name + "/1"))
			.withMessage("the service name in the key has control characters or is not UTF-8");
		assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> InstanceKey.parse("services", "services/orders/" + name))
			.withMessage("the instance id in the key has control characters or is not UTF-8");
	}

	@ParameterizedTest
	@ValueSource(strings = { "services/orders", "services/orders/a-8080", "services/../..", "services/./.",
			"services/bestellungen-überall/größe", "services/サービス/実体", "services/🛒/🚚", "services/a b/c%2Fd",
			"services/orders/a/b/c" })
	void writesWhatItRead(String key) {
		assertThat(InstanceKey.parse("services", key)).hasToString(key);
	}

	@Test
	void pathLikeNamesAreJustNames() {
		assertThat(InstanceKey.parse("services", "services/../x")).isEqualTo(new InstanceKey("services", "..", "x"));
	}

	@Test
	void longestNameIsRead() {
		String name = "x".repeat(512);
		assertThat(InstanceKey.parse("services", "services/" + name).service()).isEqualTo(name);
	}

}
