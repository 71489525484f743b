package io.github.etcddiscovery.registry;

import java.util.Map;

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.instance.InvalidInstanceException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

/**
 * Tests for {@link RegistrableInstance}.
 */
class RegistrableInstanceTests {

	@ParameterizedTest
	@ValueSource(strings = { "myapp", "MyApp", "my-app", "my.app.v2", "a", "app2", "10.0.0.1" })
	void takesNamesThatAreTheHostOfAUri(String name) {
		assertThatNoException().isThrownBy(() -> RegistrableInstance.requireServiceName(name));
	}

	@ParameterizedTest
	@ValueSource(strings = { "", " ", "my_app", "my app", "-app", "app-", "a/b", "a/../b", "..", "app:80", "user@app",
			"app?x", "app#x", "a%20b", "app\n", "b\u00fccher", "app\u0000", "a\\b" })
	void refusesNamesThatAreNot(String name) {
		assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> RegistrableInstance.requireServiceName(name))
			.withMessageContaining("can't be the host of a URI");
	}

	@ParameterizedTest
	@ValueSource(strings = { "one", "host-8080", "10.0.0.1:8080", "a_b~c.d@e+f", "A1" })
	void takesIdsThatTravelInACookie(String id) {
		assertThatNoException().isThrownBy(() -> RegistrableInstance.requireInstanceId(id));
	}

	@ParameterizedTest
	@NullSource
	@ValueSource(strings = { "", "a b", "a/b", "a;b", "a,b", "a\"b", "a\\b", "a=b", "a\r\nSet-Cookie: x", "\u00e9",
			"[::1]" })
	void refusesIdsThatDoNot(String id) {
		assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> RegistrableInstance.requireInstanceId(id))
			.withMessageContaining("instance id")
			.satisfies((ex) -> assertThat(ex.getMessage()).doesNotContain("\n", "\r"));
	}

	@Test
	void boundsTheLengthOfAnId() {
		assertThatNoException().isThrownBy(() -> RegistrableInstance.requireInstanceId("x".repeat(200)));
		assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> RegistrableInstance.requireInstanceId("x".repeat(201)));
	}

	@ParameterizedTest
	@CsvSource({ "127.0.0.1,1", "host.example,65535", "::1,8080" })
	void takesInstancesThatCanBeCalled(String host, int port) {
		assertThatNoException().isThrownBy(() -> RegistrableInstance.require(instance(host, port)));
	}

	@ParameterizedTest
	@CsvSource({ "my_container,80", "0.0.0.0,80", "::,80", "0:0:0:0:0:0:0:0,80", "host.1a,80" })
	void refusesHostsThatCannotBeCalled(String host, int port) {
		assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> RegistrableInstance.require(instance(host, port)))
			.withMessageContaining(host);
	}

	@ParameterizedTest
	@CsvSource({ "127.0.0.1,0", "127.0.0.1,65536", "127.0.0.1,-2" })
	void refusesPortsThatCannotBeCalled(String host, int port) {
		assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> RegistrableInstance.require(instance(host, port)))
			.withMessageContaining("port")
			.withMessageContaining("myapp");
	}

	private static EtcdServiceInstance instance(String host, int port) {
		return new EtcdServiceInstance("myapp", "one", host, port, false, InstanceStatus.UP, Map.of());
	}

}
