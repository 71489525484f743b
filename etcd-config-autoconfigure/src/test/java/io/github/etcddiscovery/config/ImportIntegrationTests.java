package io.github.etcddiscovery.config;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.github.etcddiscovery.config.autoconfigure.EtcdConfigAutoConfiguration;
import io.github.etcddiscovery.testing.TcpProxy;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.PropertySource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What {@code spring.config.import=etcd:} reads.
 */
class ImportIntegrationTests {

	private static final ConfigEtcd etcd = new ConfigEtcd();

	@BeforeEach
	void clear() {
		etcd.clear();
	}

	@AfterAll
	static void close() {
		etcd.close();
	}

	@Test
	void readsTheContextsOfTheApplicationAndItsProfiles() {
		etcd.put("config/application/a", "application", "config/application/b", "application", "config/application/c",
				"application", "config/application/d", "application", "config/application,prod/b", "application,prod",
				"config/application,prod/c", "application,prod", "config/application,prod/d", "application,prod",
				"config/shop/c", "shop", "config/shop/d", "shop", "config/shop,prod/d", "shop,prod",
				"config/shopping/a", "another");
		try (ConfigurableApplicationContext context = etcd.start(Application.class, "--spring.profiles.active=prod")) {
			ConfigurableEnvironment environment = context.getEnvironment();
			assertThat(environment.getProperty("a")).isEqualTo("application");
			assertThat(environment.getProperty("b")).isEqualTo("application,prod");
			assertThat(environment.getProperty("c")).isEqualTo("shop");
			assertThat(environment.getProperty("d")).isEqualTo("shop,prod");
		}
	}

	@Test
	void takesASlashForADotAndANumberForAnIndex() {
		long revision = etcd.put("config/shop/spring/datasource/url", "jdbc:x", "config/shop/shop.limit", "5",
				"config/shop/hosts/0", "one", "config/shop/hosts/1", "two", "config/shop/dir/", "",
				"config/shop/not//one", "skipped");
		try (ConfigurableApplicationContext context = etcd.start(Application.class)) {
			ConfigurableEnvironment environment = context.getEnvironment();
			assertThat(environment.getProperty("spring.datasource.url")).isEqualTo("jdbc:x");
			assertThat(environment.getProperty("shop.limit")).isEqualTo("5");
			assertThat(environment.getProperty("hosts[1]")).isEqualTo("two");
			PropertySource<?> source = environment.getPropertySources().get("etcd:config/shop/");
			assertThat(((EtcdPropertySource) source).getPropertyNames()).hasSize(4);
			assertThat(OriginLookup.getOrigin(source, "spring.datasource.url"))
				.hasToString("etcd config/shop/spring/datasource/url @ revision " + revision);
		}
	}

	@Test
	void readsTreesAndDocumentsWithAndWithoutALeadingSlash() {
		etcd.put("/myapp/database/url", "jdbc:confd", "plain/tree/x", "1", "/app/config.yaml",
				"server:\n  port: 1234\n", "app/more.properties", "more.x=2", "app/some.json",
				"{\"json\":{\"list\":[1,2],\"none\":null}}", "app/noextension",
				"guessed: yes\n---\nspring.config.activate.on-profile: prod\nguessed: prod\n");
		try (ConfigurableApplicationContext context = etcd.start(Application.class, "--spring.config.import="
				+ "etcd:/myapp/?prefix=confd,etcd:/plain/tree/,etcd:/app/config.yaml,etcd:/app/more.properties,etcd:/app/some.json,etcd:app/noextension",
				"--spring.profiles.active=prod")) {
			ConfigurableEnvironment environment = context.getEnvironment();
			assertThat(environment.getProperty("confd.database.url")).isEqualTo("jdbc:confd");
			assertThat(environment.getProperty("x")).isEqualTo("1");
			assertThat(environment.getProperty("server.port")).isEqualTo("1234");
			assertThat(environment.getProperty("more.x")).isEqualTo("2");
			assertThat(environment.getProperty("json.list[1]")).isEqualTo("2");
			assertThat(environment.getProperty("guessed")).isEqualTo("prod");
		}
	}

	@Test
	void readsFilesBelowAPrefixAndOfTheContexts() {
		etcd.put("/kratos/app.yaml", "kratos.a: 1", "/kratos/b.json", "{\"kratos\":{\"b\":2}}", "/kratos/c", "skipped",
				"config/application.yml", "file: application\nother: application", "config/shop-prod.properties",
				"file=shop-prod");
		try (ConfigurableApplicationContext context = etcd.start(Application.class,
				"--spring.config.import=etcd:/kratos/?format=files,etcd:?format=files",
				"--spring.profiles.active=prod")) {
			ConfigurableEnvironment environment = context.getEnvironment();
			assertThat(environment.getProperty("kratos.a")).isEqualTo("1");
			assertThat(environment.getProperty("kratos.b")).isEqualTo("2");
			assertThat(environment.getProperty("file")).isEqualTo("shop-prod");
			assertThat(environment.getProperty("other")).isEqualTo("application");
		}
	}

	@Test
	void readsTheDocumentAtTheDataKeyOfAContext() {
		etcd.put("config/shop/data", "shop:\n  limit: 7\n", "config/application/data", "just a word");
		try (ConfigurableApplicationContext context = etcd.start(Application.class)) {
			assertThat(context.getEnvironment().getProperty("shop.limit")).isEqualTo("7");
			assertThat(context.getEnvironment().getProperty("data")).isEqualTo("just a word");
		}
	}

	@Test
	void readsFurtherContextsByTemplate() {
		etcd.put("config/shop/a", "shop", "config/shop/zone-b/a", "zone");
		try (ConfigurableApplicationContext context = etcd.start(Application.class,
				"--spring.cloud.etcd.config.contexts={name}/zone-{zone},{name}/{instance-id}",
				"--spring.cloud.etcd.discovery.zone=b")) {
			assertThat(context.getEnvironment().getProperty("a")).isEqualTo("zone");
		}
	}

	@Test
	void keepsAnImportThatIsPinnedToARevision() {
		long revision = etcd.put("config/shop/a", "old");
		etcd.put("config/shop/a", "new");
		try (ConfigurableApplicationContext context = etcd.start(Application.class,
				"--spring.config.import=etcd:/config/shop/?revision=" + revision)) {
			assertThat(context.getEnvironment().getProperty("a")).isEqualTo("old");
		}
	}

	@Test
	void readsNothingWhenItIsSwitchedOff() {
		etcd.put("config/shop/a", "1");
		try (ConfigurableApplicationContext context = etcd.start(Application.class,
				"--spring.cloud.etcd.config.enabled=false")) {
			assertThat(context.getEnvironment().getProperty("a")).isNull();
			assertThat(context.getBeanProvider(EtcdConfigRefresher.class).getIfAvailable()).isNull();
		}
	}

	@Test
	void countsAsAnImportDoesAndOtherwiseIfTold() {
		etcd.put("config/shop/value", "etcd");
		String[] files = { "--spring.config.name=precedence", "--spring.profiles.active=prod" };
		try (ConfigurableApplicationContext context = etcd.start(Application.class, files)) {
			assertThat(context.getEnvironment().getProperty("value")).isEqualTo("etcd");
			assertThat(context.getEnvironment().getProperty("only.in.file")).isEqualTo("file");
		}
		try (ConfigurableApplicationContext context = etcd.start(Application.class, "--spring.config.name=precedence",
				"--spring.config.import=etcd:?precedence=low")) {
			assertThat(context.getEnvironment().getProperty("value")).isEqualTo("file");
		}
		try (ConfigurableApplicationContext context = etcd.start(Application.class, "--spring.config.name=precedence",
				"--spring.profiles.active=prod", "--spring.config.import=etcd:?precedence=high")) {
			assertThat(context.getEnvironment().getProperty("value")).isEqualTo("etcd");
		}
	}

	/**
	 * etcd takes at most 128 operations in a transaction.
	 */
	@Test
	@DisplayName("row C9: more ranges than a transaction takes")
	void readsManyContextsAtOneRevision() {
		String contexts = IntStream.range(0, 300)
			.mapToObj((i) -> "{name}/" + i)
			.collect(Collectors.joining(",", "--spring.cloud.etcd.config.contexts=", ""));
		assertSameRevision("config/shop/0/first", "config/shop/299/last", contexts);
	}

	@Test
	@DisplayName("row C9: more than a message holds")
	void readsMoreThanOneMessageHoldsAtOneRevision() {
		for (int i = 0; i < 40; i++) {
			etcd.put("config/application/large/" + i, "x".repeat(4000), "config/shop/large/" + i, "y".repeat(4000));
		}
		assertSameRevision("config/application/first", "config/shop/last",
				"--spring.cloud.etcd.max-inbound-message-size=64KB");
	}

	/**
	 * Two keys that are always written together are never read apart.
	 */
	private static void assertSameRevision(String first, String last, String argument) {
		etcd.put(first, "0", last, "0");
		AtomicBoolean done = new AtomicBoolean();
		Thread writer = new Thread(() -> {
			for (int i = 1; !done.get(); i++) {
				etcd.put(first, String.valueOf(i), last, String.valueOf(i));
			}
		});
		writer.start();
		try (ConfigurableApplicationContext context = etcd.start(Application.class, argument)) {
			EtcdConfigRefresher refresher = context.getBean(EtcdConfigRefresher.class);
			Set<String> seen = new HashSet<>();
			for (int i = 0; i < 10; i++) {
				ConfigState state = context.getBean(EtcdConfig.class).state();
				List<String> values = state.sources()
					.values()
					.stream()
					.flatMap((source) -> Stream.of("first", "last").map(source.values()::get))
					.filter(Objects::nonNull)
					.map((value) -> String.valueOf(value.value()))
					.toList();
				assertThat(values).hasSize(2);
				assertThat(values.get(0)).isEqualTo(values.get(1));
				seen.add(values.get(0));
				refresher.refresh().join();
			}
			assertThat(seen).hasSizeGreaterThan(2);
		}
		finally {
			done.set(true);
		}
	}

	@Test
	void connectsOnceForTheStartAndTheContext() {
		etcd.put("config/shop/a", "1");
		try (TcpProxy proxy = TcpProxy.to(etcd.cluster().clientUrl());
				ConfigurableApplicationContext context = ConfigEtcd.builder(Application.class)
					.run(ConfigEtcd.arguments(proxy.url()))) {
			etcd.put("config/shop/a", "2");
			ConfigEtcd.await().until(() -> "2".equals(context.getEnvironment().getProperty("a")));
			assertThat(proxy.acceptedConnections()).isEqualTo(1);
		}
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration(EtcdConfigAutoConfiguration.class)
	static class Application {

	}

}
