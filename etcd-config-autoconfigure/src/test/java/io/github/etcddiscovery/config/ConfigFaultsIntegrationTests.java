package io.github.etcddiscovery.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import io.github.etcddiscovery.config.Revision.Result;
import io.github.etcddiscovery.config.autoconfigure.EtcdConfigAutoConfiguration;
import io.github.etcddiscovery.testing.EtcdCluster.DataCopy;
import io.github.etcddiscovery.testing.TcpProxy;
import net.bytebuddy.ByteBuddy;
import net.bytebuddy.description.annotation.AnnotationDescription;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.beans.factory.support.BeanDefinitionBuilder;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.autoconfigure.ConfigurationPropertiesRebinderAutoConfiguration;
import org.springframework.cloud.autoconfigure.RefreshAutoConfiguration;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.cloud.context.refresh.ContextRefresher;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.ImportBeanDefinitionRegistrar;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.type.AnnotationMetadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/**
 * What an application keeps while etcd is in trouble, and that it follows again.
 */
@Timeout(180)
@ExtendWith(OutputCaptureExtension.class)
class ConfigFaultsIntegrationTests {

	private static final Log logger = LogFactory.getLog(ConfigFaultsIntegrationTests.class);

	private static final ConfigEtcd etcd = new ConfigEtcd();

	@BeforeEach
	void clear() {
		etcd.clear();
		etcd.put("config/shop/shop/limit", "5", "config/shop/other", "1");
	}

	@AfterAll
	static void close() {
		etcd.close();
	}

	private static void follows(ConfigurableApplicationContext context, String value) {
		etcd.put("config/shop/other", value);
		ConfigEtcd.await().until(() -> value.equals(context.getEnvironment().getProperty("other")));
		assertThat(context.getEnvironment().getProperty("shop.limit")).isEqualTo("5");
	}

	@Test
	@DisplayName("row C1: etcd is killed, frozen and compacted")
	void followsAgainAfterEtcdWasKilledPausedAndCompacted(CapturedOutput output) {
		try (ConfigurableApplicationContext context = etcd.start(Application.class)) {
			etcd.cluster().kill();
			EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
			ConfigEtcd.await().until(() -> refresher.getLastError() != null);
			assertThat(context.getEnvironment().getProperty("other")).isEqualTo("1");
			etcd.cluster().start();
			follows(context, "2");
			ConfigEtcd.await().until(() -> refresher.getLastError() == null);
			etcd.cluster().pause();
			assertThat(context.getEnvironment().getProperty("other")).isEqualTo("2");
			etcd.cluster().resume();
			follows(context, "3");
			etcd.cluster().admin().compact(etcd.cluster().admin().revision());
			follows(context, "4");
			assertThat(output.getOut().split("The configuration stays as it is").length).isLessThan(4);
		}
	}

	@Test
	@DisplayName("row C2: etcd is wiped")
	void keepsWhatItHasWhenEtcdWasWipedUntilSomebodyAcceptsIt(CapturedOutput output) {
		try (ConfigurableApplicationContext context = etcd.start(Application.class)) {
			EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
			etcd.cluster().wipe();
			ConfigEtcd.await().until(() -> refresher.getRefused() != null);
			assertThat(refresher.getRefused().result()).isEqualTo(Result.HELD);
			assertThat(context.getEnvironment().getProperty("shop.limit")).isEqualTo("5");
			assertThat(output).contains("may be a mistake: etcd was wiped or restored, and nothing is left of 'etcd:'");
			assertThat(refresher.accept().join().result()).isEqualTo(Result.APPLIED);
			assertThat(context.getEnvironment().getProperty("shop.limit")).isNull();
			etcd.put("config/shop/shop/limit", "7");
			ConfigEtcd.await().until(() -> "7".equals(context.getEnvironment().getProperty("shop.limit")));
		}
	}

	@Test
	@DisplayName("row C3: an old backup is restored")
	void takesOverWhatWasRestored() {
		try (ConfigurableApplicationContext context = etcd.start(Application.class)) {
			DataCopy copy = etcd.cluster().copyData();
			follows(context, "2");
			etcd.cluster().restore(copy);
			ConfigEtcd.await().until(() -> "1".equals(context.getEnvironment().getProperty("other")));
			follows(context, "3");
		}
	}

	@Test
	@DisplayName("row C4: all keys are deleted")
	void keepsWhatItHasWhenAllKeysAreDeletedAtOnce(CapturedOutput output) {
		try (ConfigurableApplicationContext context = etcd.start(Application.class)) {
			EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
			etcd.cluster().admin().deletePrefix("config/");
			ConfigEtcd.await().until(() -> refresher.getRefused() != null);
			assertThat(context.getEnvironment().getProperty("shop.limit")).isEqualTo("5");
			assertThat(output).contains("all 2 keys of 'etcd:' are gone");
			etcd.put("config/shop/shop/limit", "5", "config/shop/other", "2");
			ConfigEtcd.await().until(() -> "2".equals(context.getEnvironment().getProperty("other")));
		}
	}

	@Test
	@DisplayName("row C5: the permission is revoked")
	void keepsWhatItHasWhenItsPermissionIsRevoked(CapturedOutput output) {
		etcd.cluster().admin().addRole("reader");
		etcd.cluster().admin().grantRead("reader", "config/");
		etcd.cluster().admin().enableAuth();
		etcd.cluster().admin().addUser("app", "s3cret", "reader");
		try (ConfigurableApplicationContext context = etcd.start(Application.class, "--spring.cloud.etcd.username=app",
				"--spring.cloud.etcd.password=s3cret")) {
			etcd.cluster().admin().revokePermission("reader", "config/");
			etcd.cluster().admin().put("config/shop/other", "2");
			EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
			ConfigEtcd.await().until(() -> refresher.getLastError() != null);
			assertThat(context.getEnvironment().getProperty("other")).isEqualTo("1");
			assertThat(output).contains("The configuration stays as it is").doesNotContain("s3cret");
			etcd.cluster().admin().grantRead("reader", "config/");
			ConfigEtcd.await()
				.atMost(40, TimeUnit.SECONDS)
				.until(() -> "2".equals(context.getEnvironment().getProperty("other")));
		}
	}

	@Test
	@DisplayName("row C7: values that can't be bound, under load")
	void aBadRevisionUnderLoadIsSeenByNobody() throws Exception {
		try (ConfigurableApplicationContext context = etcd.start(Application.class)) {
			Queue<String> faults = new ConcurrentLinkedQueue<>();
			AtomicBoolean done = new AtomicBoolean();
			ShopProperties shop = context.getBean(ShopProperties.class);
			Thread caller = new Thread(() -> {
				while (!done.get()) {
					try {
						if (shop.getLimit() == null || shop.getLimit() != 5) {
							faults.add(String.valueOf(shop.getLimit()));
						}
						Thread.yield();
					}
					catch (RuntimeException ex) {
						faults.add(ex.toString());
					}
				}
			});
			caller.start();
			EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
			for (int i = 0; i < 20; i++) {
				etcd.put("config/shop/shop/limit", "bad" + i);
				assertThat(refresher.refresh().join().result()).isEqualTo(Result.REJECTED);
				etcd.put("config/shop/shop/limit", "5");
				refresher.refresh().join();
			}
			done.set(true);
			caller.join();
			assertThat(faults).isEmpty();
		}
	}

	/**
	 * The other way of writing the key may still be read, which would look as if nothing
	 * were there.
	 */
	@Test
	@DisplayName("row C5: the permission for one way of writing keys is revoked")
	void keepsWhatItHasWhenThePermissionForOneWayOfWritingItsKeysIsRevoked() {
		etcd.cluster().admin().addRole("reader");
		etcd.cluster().admin().grantRead("reader", "tree/");
		etcd.cluster().admin().grantRead("reader", "/tree/");
		etcd.cluster().admin().enableAuth();
		etcd.cluster().admin().addUser("app", "s3cret", "reader");
		etcd.cluster().admin().put("/tree/only", "1");
		try (ConfigurableApplicationContext context = etcd.start(Application.class, "--spring.cloud.etcd.username=app",
				"--spring.cloud.etcd.password=s3cret", "--spring.config.import=etcd:/tree/")) {
			etcd.cluster().admin().revokePermission("reader", "/tree/");
			EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
			Revision result = refresher.refresh().join();
			assertThat(result.result()).isEqualTo(Result.FAILED);
			assertThat(result.reason()).isEqualTo("etcd does not let the user 'app' read '/tree/'");
			assertThat(context.getEnvironment().getProperty("only")).isEqualTo("1");
		}
	}

	@Test
	@DisplayName("row C6: the password is replaced")
	void usesAPasswordThatWasReplaced() {
		etcd.cluster().admin().addRole("reader");
		etcd.cluster().admin().grantRead("reader", "config/");
		etcd.cluster().admin().enableAuth();
		etcd.cluster().admin().addUser("app", "s3cret", "reader");
		// As another source of Spring Cloud's would have it
		Map<String, Object> vault = new ConcurrentHashMap<>(Map.of("spring.cloud.etcd.password", "s3cret"));
		try (ConfigurableApplicationContext context = ConfigEtcd.builder(Application.class)
			.initializers((starting) -> starting.getEnvironment()
				.getPropertySources()
				.addFirst(new MapPropertySource("vault", vault)))
			.run(ConfigEtcd.arguments(etcd.cluster().clientUrl(), "--spring.cloud.etcd.username=app",
					"--spring.cloud.etcd.password=s3cret"))) {
			etcd.cluster().admin().changePassword("app", "an0ther");
			EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
			vault.put("spring.cloud.etcd.password", "an0ther");
			context.publishEvent(new EnvironmentChangeEvent(context, Set.of("spring.cloud.etcd.password")));
			etcd.cluster().admin().put("config/shop/other", "2");
			ConfigEtcd.await()
				.atMost(40, TimeUnit.SECONDS)
				.until(() -> "2".equals(context.getEnvironment().getProperty("other")));
			ConfigEtcd.await().until(() -> refresher.getLastError() == null);
		}
	}

	@Test
	@DisplayName("row C4: a document that has to be there is deleted")
	void keepsADocumentThatWasDeleted(CapturedOutput output) {
		etcd.put("/app/config.yaml", "a: 1");
		try (ConfigurableApplicationContext context = etcd.start(Application.class,
				"--spring.config.import=etcd:/app/config.yaml")) {
			EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
			etcd.cluster().admin().delete("/app/config.yaml");
			ConfigEtcd.await().until(() -> refresher.getRefused() != null);
			assertThat(refresher.getRefused().result()).isEqualTo(Result.HELD);
			assertThat(output).contains("may be a mistake: 'etcd:/app/config.yaml' is gone");
			assertThat(context.getEnvironment().getProperty("a")).isEqualTo("1");
			etcd.put("/app/config.yaml", "a: 2");
			ConfigEtcd.await().until(() -> "2".equals(context.getEnvironment().getProperty("a")));
		}
	}

	@Test
	@DisplayName("row C18: a refresh that fails to read the contexts of a new profile")
	void followsTheContextsOfAProfileThatIsActiveLater() {
		try (ConfigurableApplicationContext context = etcd.start(Application.class)) {
			etcd.put("config/shop,new/bad.yaml", "[");
			context.getEnvironment().addActiveProfile("new");
			follows(context, "2");
			assertThatThrownBy(() -> context.getBean(ContextRefresher.class).refresh())
				.hasMessageContaining("config/shop,new/bad.yaml");
			etcd.put("config/shop,new/bad.yaml", "added: 1");
			follows(context, "3");
			context.getBean(ContextRefresher.class).refresh();
			assertThat(context.getEnvironment().getProperty("added")).isEqualTo("1");
			// The new context is followed as well
			etcd.put("config/shop,new/bad.yaml", "added: 2");
			ConfigEtcd.await().until(() -> "2".equals(context.getEnvironment().getProperty("added")));
		}
	}

	@Test
	@DisplayName("row C15: more or larger keys than are allowed, while it runs")
	void rejectsWhatIsTooLargeWhileItRuns() {
		try (ConfigurableApplicationContext context = etcd.start(Application.class,
				"--spring.cloud.etcd.config.max-keys=2", "--spring.cloud.etcd.config.max-value-size=10B")) {
			EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
			etcd.put("config/shop/third", "1");
			ConfigEtcd.await().until(() -> refresher.getRefused() != null);
			assertThat(refresher.getRefused().reason()).isEqualTo("'config/shop/' has 3 keys, more than 2");
			etcd.cluster().admin().delete("config/shop/third");
			follows(context, "2");
			ConfigEtcd.await().until(() -> refresher.getRefused() == null);
			etcd.put("config/shop/other", "12345678901");
			ConfigEtcd.await().until(() -> refresher.getRefused() != null);
			assertThat(refresher.getRefused().reason()).isEqualTo("'config/shop/other' is larger than 10B");
			follows(context, "3");
		}
	}

	@Test
	void ofFiveHundredBeansOnlyThoseOfConcernAreBoundAgain() {
		try (ConfigurableApplicationContext context = etcd.start(ManyBeans.class)) {
			Map<String, CountedProperties> beans = context.getBeansOfType(CountedProperties.class);
			assertThat(beans).hasSize(500);
			EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
			List<Long> ours = new ArrayList<>();
			for (int i = 1; i <= 5; i++) {
				etcd.put("config/shop/counted/p7/value", "x" + i, "config/shop/counted/p8/value", "y" + i);
				long begin = System.nanoTime();
				refresher.refresh().join();
				ours.add(TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - begin));
				assertThat(context.getBean("counted7", CountedProperties.class).getValue()).isEqualTo("x" + i);
			}
			assertThat(beans.values().stream().filter((bean) -> bean.set > 0)).hasSize(2);
			long begin = System.nanoTime();
			context.getBean(ContextRefresher.class).refresh();
			long theirs = TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - begin);
			logger
				.info("Of 500 beans 2 bound again in %s µs; all by /actuator/refresh in %d µs".formatted(ours, theirs));
		}
	}

	@Test
	@DisplayName("row C17: a thousand refreshes")
	void aThousandRefreshesLeaveNothingBehind() throws Exception {
		// Starts that failed leave theirs to the end of the JVM
		long before = threads();
		try (TcpProxy proxy = TcpProxy.to(etcd.cluster().clientUrl())) {
			try (ConfigurableApplicationContext context = ConfigEtcd.builder(Application.class)
				.run(ConfigEtcd.arguments(proxy.url()))) {
				EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
				refresher.refresh().join();
				long threads = threads();
				for (int i = 0; i < 1000; i++) {
					if (i % 100 == 0) {
						etcd.put("config/shop/shop/limit", String.valueOf(i));
						context.getBean(ContextRefresher.class).refresh();
					}
					refresher.refresh().join();
				}
				assertThat(proxy.acceptedConnections()).isEqualTo(1);
				assertThat(threads()).isLessThanOrEqualTo(threads);
				assertThat(refresher.getHistory()).hasSizeLessThanOrEqualTo(50);
			}
			ConfigEtcd.await().until(() -> threads() <= before);
			ConfigEtcd.await().until(() -> proxy.connections() == 0);
		}
	}

	private static long threads() {
		return Thread.getAllStackTraces()
			.keySet()
			.stream()
			.filter((thread) -> thread.getName().startsWith("etcd-config")
					|| thread.getName().equals("etcd-connection"))
			.count();
	}

	/**
	 * A class of properties that has its own prefix.
	 */
	private static Class<?> type(String prefix) {
		return new ByteBuddy().subclass(CountedProperties.class)
			.annotateType(AnnotationDescription.Builder.ofType(ConfigurationProperties.class)
				.define("prefix", prefix)
				.build())
			.make()
			.load(CountedProperties.class.getClassLoader())
			.getLoaded();
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration({ EtcdConfigAutoConfiguration.class, RefreshAutoConfiguration.class,
			ConfigurationPropertiesRebinderAutoConfiguration.class })
	@EnableConfigurationProperties(ShopProperties.class)
	static class Application {

	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration({ EtcdConfigAutoConfiguration.class, RefreshAutoConfiguration.class,
			ConfigurationPropertiesRebinderAutoConfiguration.class })
	@EnableConfigurationProperties
	@Import(FiveHundred.class)
	static class ManyBeans {

	}

	static class FiveHundred implements ImportBeanDefinitionRegistrar {

		@Override
		public void registerBeanDefinitions(AnnotationMetadata metadata, BeanDefinitionRegistry registry) {
			for (int i = 0; i < 500; i++) {
				registry.registerBeanDefinition("counted" + i,
						BeanDefinitionBuilder.rootBeanDefinition(type("counted.p" + i)).getBeanDefinition());
			}
		}

	}

	@ConfigurationProperties("shop")
	public static class ShopProperties {

		private volatile Integer limit;

		public Integer getLimit() {
			return this.limit;
		}

		public void setLimit(Integer limit) {
			this.limit = limit;
		}

	}

	public static class CountedProperties {

		private volatile String value;

		private volatile int set;

		public String getValue() {
			return this.value;
		}

		public void setValue(String value) {
			this.value = value;
			this.set++;
		}

	}

}
