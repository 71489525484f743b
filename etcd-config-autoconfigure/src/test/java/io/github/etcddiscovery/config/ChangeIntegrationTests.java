package io.github.etcddiscovery.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import io.github.etcddiscovery.config.Revision.Result;
import io.github.etcddiscovery.config.autoconfigure.EtcdConfigAutoConfiguration;
import jakarta.annotation.PostConstruct;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.NotNull;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.autoconfigure.ConfigurationPropertiesRebinderAutoConfiguration;
import org.springframework.cloud.autoconfigure.RefreshAutoConfiguration;
import org.springframework.cloud.context.config.annotation.RefreshScope;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.cloud.context.refresh.ContextRefresher;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;
import org.springframework.validation.annotation.Validated;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What becomes of a change while the application runs.
 */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class ChangeIntegrationTests {

	private static final ConfigEtcd etcd = new ConfigEtcd();

	@BeforeEach
	void clear() {
		etcd.clear();
		etcd.put("config/shop/shop/limit", "5", "config/shop/shop/double-limit", "10", "config/shop/other/name", "one");
	}

	@AfterAll
	static void close() {
		etcd.close();
	}

	@Test
	void appliesAChangeToWhatItIsOfConcernTo(CapturedOutput output) {
		try (ConfigurableApplicationContext context = etcd.start(Application.class)) {
			Beans beans = context.getBean(Beans.class);
			int scoped = beans.scoped.created();
			int otherScoped = beans.otherScoped.created();
			long was = context.getBean(EtcdConfig.class).getRevision();
			long revision = etcd.put("config/shop/shop/limit", "6", "config/shop/shop/double-limit", "12");
			ConfigEtcd.await().until(() -> !beans.events.isEmpty());
			assertThat(context.getEnvironment().getProperty("shop.limit")).isEqualTo("6");
			assertThat(beans.live.get()).isEqualTo(new ShopRecord(6, 12));
			assertThat(beans.shop.getLimit()).isEqualTo(6);
			assertThat(beans.shop.initialized).isEqualTo(2);
			assertThat(beans.other.initialized).isEqualTo(1);
			assertThat(beans.scoped.limit()).isEqualTo(6);
			assertThat(beans.scoped.created()).isEqualTo(scoped + 1);
			assertThat(beans.otherScoped.created()).isEqualTo(otherScoped);
			assertThat(beans.keys).containsExactlyInAnyOrder("shop.limit", "shop.double-limit");
			EtcdConfigChangedEvent event = beans.events.peek();
			assertThat(event.getRevision()).isEqualTo(revision);
			assertThat(event.getChanges()).extracting(EtcdConfigChangedEvent.Change::key)
				.containsExactly("shop.double-limit", "shop.limit");
			assertThat(event.getChanges().get(1).newOrigin())
				.hasToString("etcd config/shop/shop/limit @ revision " + revision);
			ConfigEtcd.await()
				.untilAsserted(() -> assertThat(output)
					.contains(("Configuration at revision %d (was %d): 2 properties changed "
							+ "(shop.double-limit, shop.limit); 1 bean rebound, 1 bean in refresh scope discarded")
						.formatted(revision, was)));
		}
	}

	@Test
	void doesNothingAboutWhatIsHidden(CapturedOutput output) {
		try (ConfigurableApplicationContext context = etcd.start(Application.class, "--shop.limit=3")) {
			Beans beans = context.getBean(Beans.class);
			long revision = etcd.put("config/shop/shop/limit", "6");
			ConfigEtcd.await().until(() -> context.getBean(EtcdConfig.class).getRevision() >= revision);
			assertThat(beans.events).isEmpty();
			assertThat(beans.shop.initialized).isEqualTo(1);
			assertThat(beans.shop.getLimit()).isEqualTo(3);
		}
	}

	@Test
	void followsWhatRefersToAChangedProperty() {
		etcd.put("config/shop/base", "7");
		try (ConfigurableApplicationContext context = etcd.start(Application.class, "--other.name=x-${base}")) {
			Beans beans = context.getBean(Beans.class);
			assertThat(beans.other.getName()).isEqualTo("x-7");
			etcd.put("config/shop/base", "8");
			ConfigEtcd.await().untilAsserted(() -> assertThat(beans.other.getName()).isEqualTo("x-8"));
		}
	}

	@Test
	void takesBackWhatIsDeleted() {
		try (ConfigurableApplicationContext context = etcd.start(Application.class)) {
			Beans beans = context.getBean(Beans.class);
			etcd.cluster().admin().delete("config/shop/other/name");
			ConfigEtcd.await().untilAsserted(() -> assertThat(beans.other.getName()).isEqualTo("default"));
			assertThat(context.getEnvironment().containsProperty("other.name")).isFalse();
		}
	}

	@Test
	void rejectsARevisionThatCannotBeBound(CapturedOutput output) {
		try (ConfigurableApplicationContext context = etcd.start(Application.class)) {
			Beans beans = context.getBean(Beans.class);
			EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
			long was = context.getBean(EtcdConfig.class).getRevision();
			long revision = etcd.put("config/shop/shop/limit", "s3cret-many", "config/shop/other/name", "two");
			ConfigEtcd.await().until(() -> refresher.getRefused() != null);
			assertThat(refresher.getHistory().get(0).result()).isEqualTo(Result.REJECTED);
			assertThat(beans.shop.getLimit()).isEqualTo(5);
			assertThat(beans.other.getName()).isEqualTo("one");
			assertThat(context.getEnvironment().getProperty("other.name")).isEqualTo("one");
			assertThat(output).contains(("Revision %d of the configuration is rejected, revision %d stays in use: "
					+ "'shop.limit' (etcd config/shop/shop/limit @ revision %d) can't be bound to Integer, for the bean")
				.formatted(revision, was, revision)).doesNotContain("s3cret-many");
			etcd.put("config/shop/shop/limit", "8");
			ConfigEtcd.await().untilAsserted(() -> assertThat(beans.other.getName()).isEqualTo("two"));
			ConfigEtcd.await().until(() -> refresher.getRefused() == null);
		}
	}

	@Test
	void rejectsARevisionThatIsNotValid(CapturedOutput output) {
		try (ConfigurableApplicationContext context = etcd.start(Application.class)) {
			EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
			etcd.put("config/shop/shop/limit", "1001");
			ConfigEtcd.await().until(() -> refresher.getRefused() != null);
			assertThat(refresher.getRefused().reason()).contains("shop.limit").contains("is not valid");
			assertThat(context.getEnvironment().getProperty("shop.limit")).isEqualTo("5");
		}
	}

	@Test
	void rejectsADocumentThatIsNone() {
		etcd.put("config/shop/doc.yaml", "a: 1");
		try (ConfigurableApplicationContext context = etcd.start(Application.class)) {
			EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
			etcd.put("config/shop/doc.yaml", "a: 1\nb: [");
			ConfigEtcd.await().until(() -> refresher.getRefused() != null);
			assertThat(refresher.getRefused().reason()).contains("'config/shop/doc.yaml'", "see its line");
			assertThat(context.getEnvironment().getProperty("a")).isEqualTo("1");
		}
	}

	@Test
	@DisplayName("row C9: a thousand transactions of two keys")
	void neverShowsHalfOfATransaction() throws Exception {
		try (ConfigurableApplicationContext context = etcd.start(Application.class)) {
			Beans beans = context.getBean(Beans.class);
			AtomicBoolean done = new AtomicBoolean();
			AtomicInteger reads = new AtomicInteger();
			ConcurrentLinkedQueue<String> faults = new ConcurrentLinkedQueue<>();
			List<Thread> readers = new ArrayList<>();
			for (int i = 0; i < 2; i++) {
				Thread reader = new Thread(() -> {
					while (!done.get()) {
						try {
							ShopRecord record = beans.live.get();
							if (record.limit() * 2 != record.doubleLimit()) {
								faults.add(record.toString());
							}
							// No null in between either
							if (beans.shop.getLimit() == null
									|| context.getEnvironment().getProperty("shop.limit") == null) {
								faults.add("null");
							}
							reads.incrementAndGet();
							Thread.yield();
						}
						catch (RuntimeException ex) {
							faults.add(ex.toString());
						}
					}
				});
				reader.start();
				readers.add(reader);
			}
			for (int i = 1; i <= 1000; i++) {
				etcd.put("config/shop/shop/limit", String.valueOf(i % 500), "config/shop/shop/double-limit",
						String.valueOf(i % 500 * 2));
			}
			etcd.put("config/shop/shop/limit", "501", "config/shop/shop/double-limit", "1002");
			ConfigEtcd.await().until(() -> beans.live.get().limit() == 501);
			done.set(true);
			for (Thread reader : readers) {
				reader.join();
			}
			assertThat(faults).isEmpty();
			assertThat(reads).hasPositiveValue();
			assertThat(beans.events).hasSizeGreaterThan(10);
		}
	}

	@Test
	@DisplayName("row C7: a value that is not valid, under load")
	void aRevisionOfWhichOneBeanIsWrongReachesNoOther() throws Exception {
		try (ConfigurableApplicationContext context = etcd.start(Application.class)) {
			Beans beans = context.getBean(Beans.class);
			EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
			AtomicBoolean done = new AtomicBoolean();
			ConcurrentLinkedQueue<String> faults = new ConcurrentLinkedQueue<>();
			List<Thread> readers = new ArrayList<>();
			for (int i = 0; i < 2; i++) {
				Thread reader = new Thread(() -> {
					while (!done.get()) {
						if (!"one".equals(context.getEnvironment().getProperty("other.name"))) {
							faults.add("environment");
						}
						if (!"one".equals(beans.other.getName())) {
							faults.add("bean");
						}
						if (beans.live.get().limit() != 5) {
							faults.add("live");
						}
						Thread.yield();
					}
				});
				reader.start();
				readers.add(reader);
			}
			for (int i = 0; i < 50; i++) {
				// All but the limit of one bean, which is at most 1000, is as it should
				// be
				etcd.put("config/shop/other/name", "bad" + i, "config/shop/shop/limit", "2000");
				assertThat(refresher.refresh().join().result()).isEqualTo(Result.REJECTED);
			}
			done.set(true);
			for (Thread reader : readers) {
				reader.join();
			}
			assertThat(faults).isEmpty();
			assertThat(beans.other.initialized).isEqualTo(1);
			assertThat(beans.events).isEmpty();
		}
	}

	@Test
	@DisplayName("row C8: a bean fails when it takes a change over")
	void takesBackWhatABeanFailsToTakeOver(CapturedOutput output) {
		try (ConfigurableApplicationContext context = etcd.start(Application.class)) {
			Beans beans = context.getBean(Beans.class);
			EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
			etcd.put("config/shop/other/name", "two", "config/shop/shop/limit", "666", "config/shop/shop/double-limit",
					"1332");
			ConfigEtcd.await().until(() -> refresher.getRefused() != null);
			assertThat(refresher.getRefused().reason()).contains("failed to take the change over");
			// A second trigger may try the revision once more, which is taken back as
			// well
			ConfigEtcd.await().untilAsserted(() -> {
				assertThat(context.getEnvironment().getProperty("other.name")).isEqualTo("one");
				assertThat(beans.other.getName()).isEqualTo("one");
				assertThat(beans.shop.getLimit()).isEqualTo(5);
				assertThat(beans.live.get()).isEqualTo(new ShopRecord(5, 10));
			});
		}
	}

	@Test
	void makesAllOrNoneAnewIfTold() {
		try (ConfigurableApplicationContext context = etcd.start(Application.class,
				"--spring.cloud.etcd.config.refresh.scope=all")) {
			Beans beans = context.getBean(Beans.class);
			int scoped = beans.scoped.created();
			int otherScoped = beans.otherScoped.created();
			etcd.put("config/shop/unrelated", "1");
			ConfigEtcd.await().until(() -> !beans.events.isEmpty());
			assertThat(beans.scoped.created()).isEqualTo(scoped + 1);
			assertThat(beans.otherScoped.created()).isEqualTo(otherScoped + 1);
		}
		etcd.put("config/shop/unrelated", "2");
		try (ConfigurableApplicationContext context = etcd.start(Application.class,
				"--spring.cloud.etcd.config.refresh.scope=none")) {
			Beans beans = context.getBean(Beans.class);
			int scoped = beans.scoped.created();
			etcd.put("config/shop/shop/limit", "6");
			ConfigEtcd.await().until(() -> !beans.events.isEmpty());
			assertThat(context.getEnvironment().getProperty("shop.limit")).isEqualTo("6");
			assertThat(beans.live.get().limit()).isEqualTo(6);
			assertThat(beans.shop.getLimit()).isEqualTo(5);
			assertThat(beans.scoped.limit()).isEqualTo(5);
			assertThat(beans.scoped.created()).isEqualTo(scoped);
		}
	}

	@Test
	void spreadsChangesOverTime() {
		try (ConfigurableApplicationContext context = etcd.start(Application.class,
				"--spring.cloud.etcd.config.refresh.spread=1h")) {
			EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
			etcd.put("config/shop/shop/limit", "6");
			ConfigEtcd.await()
				.during(Duration.ofMillis(500))
				.until(() -> context.getEnvironment().getProperty("shop.limit").equals("5"));
			// Who asks for it does not wait
			assertThat(refresher.refresh().join().result()).isEqualTo(Result.APPLIED);
		}
		try (ConfigurableApplicationContext context = etcd.start(Application.class,
				"--spring.cloud.etcd.config.refresh.spread=50ms")) {
			etcd.put("config/shop/shop/limit", "7");
			ConfigEtcd.await().until(() -> context.getEnvironment().getProperty("shop.limit").equals("7"));
		}
	}

	@Test
	void followsNothingIfTold() {
		try (ConfigurableApplicationContext context = etcd.start(Application.class,
				"--spring.cloud.etcd.config.refresh.enabled=false")) {
			etcd.put("config/shop/shop/limit", "6");
			EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
			assertThat(context.getEnvironment().getProperty("shop.limit")).isEqualTo("5");
			assertThat(refresher.refresh().join().result()).isEqualTo(Result.APPLIED);
			assertThat(context.getEnvironment().getProperty("shop.limit")).isEqualTo("6");
		}
		try (ConfigurableApplicationContext context = etcd.start(Application.class,
				"--spring.config.import=etcd:/config/shop/?refresh=false")) {
			etcd.put("config/shop/shop/limit", "7");
			EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
			assertThat(refresher.refresh().join().result()).isEqualTo(Result.UNCHANGED);
			assertThat(context.getEnvironment().getProperty("shop.limit")).isEqualTo("6");
		}
	}

	@Test
	@DisplayName("row C19: a pin to a revision that was compacted")
	void aPinThatFailsChangesNothing() {
		try (ConfigurableApplicationContext context = etcd.start(Application.class)) {
			EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
			long old = etcd.put("config/shop/shop/limit", "6");
			long now = etcd.put("config/shop/shop/limit", "7");
			ConfigEtcd.await().until(() -> context.getBean(Beans.class).live.get().limit() == 7);
			etcd.cluster().admin().compact(now);
			Revision result = refresher.pin(old).join();
			assertThat(result.result()).isEqualTo(Result.FAILED);
			assertThat(result.reason()).contains("compacted");
			assertThat(refresher.getPinned()).isZero();
			// A watch that etcd was still setting up is compacted as well and comes back
			ConfigEtcd.await().until(() -> refresher.getLastError() == null);
			etcd.put("config/shop/shop/limit", "8");
			ConfigEtcd.await().until(() -> context.getBean(Beans.class).live.get().limit() == 8);
		}
	}

	@Test
	void answersARefreshOfSpringCloudWithTheSameSources() {
		try (ConfigurableApplicationContext context = etcd.start(Application.class)) {
			Object before = context.getEnvironment().getPropertySources().get("etcd:config/shop/");
			assertThat(context.getBean(ContextRefresher.class).refresh()).isEmpty();
			assertThat(context.getEnvironment().getPropertySources().get("etcd:config/shop/")).isSameAs(before);
			etcd.put("config/shop/other/name", "two");
			ConfigEtcd.await()
				.untilAsserted(() -> assertThat(context.getEnvironment().getProperty("other.name")).isEqualTo("two"));
		}
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration({ EtcdConfigAutoConfiguration.class, RefreshAutoConfiguration.class,
			ConfigurationPropertiesRebinderAutoConfiguration.class })
	@EnableConfigurationProperties({ ShopProperties.class, OtherProperties.class })
	@Import({ Beans.class, Scoped.class, OtherScoped.class })
	static class Application {

	}

	@Component
	static class Beans {

		final Live<ShopRecord> live;

		final ShopProperties shop;

		final OtherProperties other;

		final Scoped scoped;

		final OtherScoped otherScoped;

		final ConcurrentLinkedQueue<EtcdConfigChangedEvent> events = new ConcurrentLinkedQueue<>();

		volatile Set<String> keys = Set.of();

		Beans(Live<ShopRecord> live, ShopProperties shop, OtherProperties other, Scoped scoped,
				OtherScoped otherScoped) {
			this.live = live;
			this.shop = shop;
			this.other = other;
			this.scoped = scoped;
			this.otherScoped = otherScoped;
		}

		@EventListener
		void changed(EtcdConfigChangedEvent event) {
			this.events.add(event);
		}

		@EventListener
		void changed(EnvironmentChangeEvent event) {
			this.keys = event.getKeys();
		}

	}

	@ConfigurationProperties("shop")
	record ShopRecord(int limit, int doubleLimit) {
	}

	@Validated
	@ConfigurationProperties("shop")
	public static class ShopProperties {

		@NotNull
		@Max(1000)
		private volatile Integer limit;

		private volatile int initialized;

		@PostConstruct
		void init() {
			if (this.limit == 666) {
				throw new IllegalStateException("can't be used");
			}
			this.initialized++;
		}

		public Integer getLimit() {
			return this.limit;
		}

		public void setLimit(Integer limit) {
			this.limit = limit;
		}

	}

	@ConfigurationProperties("other")
	public static class OtherProperties {

		private volatile String name = "default";

		private volatile int initialized;

		@PostConstruct
		void init() {
			this.initialized++;
		}

		public String getName() {
			return this.name;
		}

		public void setName(String name) {
			this.name = name;
		}

	}

	@Component
	@RefreshScope
	static class Scoped {

		private static final AtomicInteger created = new AtomicInteger();

		@Value("${shop.limit}")
		private int limit;

		Scoped() {
			created.incrementAndGet();
		}

		int limit() {
			return this.limit;
		}

		int created() {
			return created.get();
		}

	}

	@Component
	@RefreshScope
	static class OtherScoped {

		private static final AtomicInteger created = new AtomicInteger();

		OtherScoped(@Value("${other.name}") String name) {
			created.incrementAndGet();
		}

		int created() {
			return created.get();
		}

	}

}
