package io.github.etcddiscovery.test;

import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/**
 * What a user's test with {@link EtcdTest} looks like.
 */
@SpringBootTest(properties = { "spring.config.import=etcd:", "spring.application.name=shop" })
@EtcdTest(keys = { "config/shop/shop/limit=5", "config/shop/greeting=a=b" })
class EtcdTestIntegrationTests {

	@Autowired
	private EtcdConfigTester config;

	@Autowired
	private ShopProperties shop;

	@Value("${greeting}")
	private String greeting;

	@Test
	void theKeysAreThereBeforeTheContextIs() {
		assertThat(this.greeting).isEqualTo("a=b");
	}

	@Test
	void aChangeIsAppliedWhenItWasWaitedFor() {
		this.config.put("config/shop/shop/limit", "6").awaitApplied();
		assertThat(this.shop.getLimit()).isEqualTo(6);
		assertThat(this.config.put("config/shop/shop/limit", "many").awaitRejected()).contains("shop.limit");
		assertThatThrownBy(() -> this.config.put("config/shop/shop/limit", "more").awaitApplied())
			.isInstanceOf(AssertionError.class)
			.hasMessageContaining("rejected");
		assertThat(this.shop.getLimit()).isEqualTo(6);
		this.config.delete("config/shop/shop/limit").awaitApplied();
		assertThat(this.shop.getLimit()).isZero();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	@EnableConfigurationProperties(ShopProperties.class)
	static class Application {

	}

	@ConfigurationProperties("shop")
	public static class ShopProperties {

		private volatile int limit;

		public int getLimit() {
			return this.limit;
		}

		public void setLimit(int limit) {
			this.limit = limit;
		}

	}

}
