package io.github.etcddiscovery.autoconfigure;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

import io.github.etcddiscovery.client.EtcdConnectionDetails;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.boot.actuate.endpoint.SanitizableData;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertySource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link PasswordSanitizer}.
 */
class PasswordSanitizerTests {

	private static final PropertySource<?> PROPERTIES = new MapPropertySource("test", Map.of());

	private final AtomicInteger asked = new AtomicInteger();

	private String password = "s3cret-one";

	private final PasswordSanitizer sanitizer = sanitizer();

	private PasswordSanitizer sanitizer() {
		DefaultListableBeanFactory beans = new DefaultListableBeanFactory();
		beans.registerSingleton("details", new EtcdConnectionDetails() {

			@Override
			public List<String> getEndpoints() {
				return List.of();
			}

			@Override
			public String getUsername() {
				return "alice";
			}

			@Override
			public String getPassword() {
				PasswordSanitizerTests.this.asked.incrementAndGet();
				return PasswordSanitizerTests.this.password;
			}

		});
		return new PasswordSanitizer(beans.getBeanProvider(EtcdConnectionDetails.class));
	}

	@Test
	void asksForThePasswordOnceForManyValuesOfInstances() {
		for (int i = 0; i < 10_000; i++) {
			assertThat(isHidden(null, "zone", "a")).isFalse();
		}
		assertThat(isHidden(null, "note", "it is s3cret-one")).isTrue();
		assertThat(this.asked).hasValueLessThan(20);
	}

	@Test
	void hidesANewPasswordAtOnceWhereItMayComeFrom() {
		assertThat(isHidden(PROPERTIES, "a", "s3cret-one")).isTrue();
		assertThat(isHidden(PROPERTIES, "a", "s3cret-two")).isFalse();
		this.password = "s3cret-two";
		assertThat(isHidden(PROPERTIES, "a", "s3cret-two")).isTrue();
		assertThat(isHidden(null, "zone", "s3cret-two")).isTrue();
	}

	@Test
	void hidesANewPasswordInValuesOfInstancesSoon() {
		assertThat(isHidden(null, "zone", "s3cret-one")).isTrue();
		this.password = "s3cret-two";
		Awaitility.await().atMost(Duration.ofSeconds(5)).until(() -> isHidden(null, "zone", "s3cret-two"));
	}

	@Test
	void keepsThePasswordToItself() {
		assertThat(isHidden(null, "spring.cloud.etcd.password", "s3cret-two")).as("by its name").isTrue();
		assertThat(isHidden(null, "zone", "s3cret-one")).isTrue();
		assertThat(this.sanitizer).extracting("last").asString().contains("alice").doesNotContain("s3cret");
	}

	private boolean isHidden(@Nullable PropertySource<?> source, String key, String value) {
		SanitizableData data = this.sanitizer.apply(new SanitizableData(source, key, value));
		return SanitizableData.SANITIZED_VALUE.equals(data.getValue());
	}

}
