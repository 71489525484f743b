package io.github.etcddiscovery.metrics;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.registry.EtcdRegistration;
import io.github.etcddiscovery.registry.EtcdServiceRegistry;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.client.RestClient;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a running application measures, what the documentation says of it and what the
 * dashboard and the alerts ask for.
 */
@Timeout(120)
class MetricsIntegrationTests {

	/**
	 * A row of the table: its first cell is the name, its second one the type, and its
	 * third one names the tags.
	 */
	private static final Pattern ROW = Pattern.compile("(?m)^\\| `(etcd\\.[a-z.]+)` \\| ([^|]+) \\|([^|]*)\\|");

	/**
	 * A tag with anything but a constant as its value, such as a key or an instance.
	 */
	private static final Pattern UNBOUNDED = Pattern.compile("\\b(?!service=)\\w+=\"[^\"]*[^a-z\"-]");

	private static final Pattern QUERIED = Pattern.compile("(etcd_discovery_\\w+)(?:\\{([^}]*)})?");

	private static final Pattern GROUPED = Pattern.compile("\\bby \\(([^)]*)\\)");

	/**
	 * Put on every series by Prometheus itself.
	 */
	private static final Set<String> OF_PROMETHEUS = Set.of("job", "instance");

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	@Test
	void measuresWhatTheDocumentationListsAndTheDashboardAsksFor() throws IOException {
		try (ConfigurableApplicationContext context = run()) {
			PrometheusMeterRegistry registry = context.getBean(PrometheusMeterRegistry.class);
			await().until(() -> instances(registry) == 1);
			// Operations are measured from the first one on
			context.getBean(EtcdServiceRegistry.class).deregister(context.getBean(EtcdRegistration.class));
			context.getBean(EtcdServiceRegistry.class).register(context.getBean(EtcdRegistration.class));
			await().until(() -> registered(registry, "registered") == 1);
			await().untilAsserted(() -> assertThat(meters(registry)).isEqualTo(documented(Documented::meter)));
			String scrape = scrape(context);
			assertThat(scrape.lines().filter((line) -> line.startsWith("etcd_"))).isNotEmpty()
				.noneMatch(UNBOUNDED.asPredicate());
			Map<String, Set<String>> series = series(scrape);
			assertThat(series).containsAllEntriesOf(documented(Documented::series));
			List<Query> queries = queries();
			assertThat(queries).hasSizeGreaterThan(25)
				.allSatisfy((query) -> assertThat(series).as(query.metric).containsKey(query.metric))
				.allSatisfy(
						(query) -> assertThat(series.get(query.metric)).as(query.expression).containsAll(query.labels));
		}
	}

	@Test
	void documentsWhatCanGoWrong() throws IOException {
		assertThat(Files.readString(docs("metrics.md"))).contains(
				Stream.of(Kind.values()).map(TagValues::of).collect(Collectors.joining(", ", "is one of: ", ".")));
	}

	@Test
	void countsWhatHappens() {
		try (ConfigurableApplicationContext context = run()) {
			MeterRegistry registry = context.getBean(MeterRegistry.class);
			await().until(() -> registered(registry, "registered") == 1);
			await().until(
					() -> registry.get("etcd.discovery.lease.renewals").tag("outcome", "success").timer().count() > 0);
			assertThat(registry.get("etcd.discovery.lease.remaining").timeGauge().value()).isBetween(0.0, 3.0);
			etcd.admin().deletePrefix("services/app/");
			await().until(() -> count(registry, "etcd.discovery.registration.recoveries", "key-deleted") == 1);
			await().until(() -> registered(registry, "registered") == 1);
			etcd.admin().put("services/bad/a", "nonsense");
			await().until(() -> registry.get("etcd.discovery.values.rejected").gauge().value() == 1);
			etcd.cluster().kill();
			await().until(() -> count(registry, "etcd.discovery.relists", "unreachable") > 0);
			await().until(() -> registry.get("etcd.discovery.staleness").timeGauge().value() > 0);
			await().until(
					() -> registry.find("etcd.discovery.lease.renewals").tag("outcome", "unreachable").timer() != null);
			await().until(() -> registered(registry, "lost") == 1);
			etcd.cluster().start();
			await().until(() -> registry.get("etcd.discovery.staleness").timeGauge().value() == 0);
			await().until(() -> registered(registry, "registered") == 1);
			assertThat(instances(registry)).isEqualTo(1);
		}
	}

	private static double count(MeterRegistry registry, String name, String cause) {
		return registry.get(name).tag("cause", cause).functionCounter().count();
	}

	private static double registered(MeterRegistry registry, String state) {
		return registry.get("etcd.discovery.registrations").tag("state", state).gauge().value();
	}

	private static double instances(MeterRegistry registry) {
		return registry.find("etcd.discovery.instances")
			.tags("service", "app", "status", "up")
			.gauges()
			.stream()
			.mapToDouble((gauge) -> gauge.value())
			.sum();
	}

	/**
	 * The meters that there are, each with the keys of its tags.
	 */
	private static Map<String, Set<String>> meters(MeterRegistry registry) {
		return registry.getMeters()
			.stream()
			.map(Meter::getId)
			.filter((id) -> id.getName().startsWith("etcd."))
			.collect(Collectors.toMap(Meter.Id::getName,
					(id) -> id.getTags().stream().map(Tag::getKey).collect(Collectors.toCollection(TreeSet::new)),
					(one, other) -> one, TreeMap::new));
	}

	private static Map<String, Set<String>> documented(Function<Documented, String> name) throws IOException {
		return ROW.matcher(Files.readString(docs("metrics.md")))
			.results()
			.map(Documented::of)
			.collect(Collectors.toMap(name, Documented::tags, (one, other) -> one, TreeMap::new));
	}

	private static String scrape(ConfigurableApplicationContext context) {
		String port = context.getEnvironment().getRequiredProperty("local.server.port");
		return RestClient.create("http://127.0.0.1:" + port + "/actuator/prometheus")
			.get()
			.retrieve()
			.requiredBody(String.class);
	}

	/**
	 * The series of a scrape, each with the names of its labels.
	 */
	private static Map<String, Set<String>> series(String scrape) {
		Map<String, Set<String>> series = new TreeMap<>();
		scrape.lines().filter((line) -> !line.startsWith("#")).forEach((line) -> {
			String name = line.split("[{ ]", 2)[0];
			String labels = line.contains("{") ? line.substring(line.indexOf('{') + 1, line.lastIndexOf('}')) : "";
			series.computeIfAbsent(name, (first) -> new TreeSet<>())
				.addAll(Pattern.compile("([a-z_]+)=\"")
					.matcher(labels)
					.results()
					.map((label) -> label.group(1))
					.toList());
		});
		return series;
	}

	private static List<Query> queries() throws IOException {
		JsonNode dashboard = JsonMapper.shared().readTree(Files.readString(docs("grafana/etcd-discovery.json")));
		Stream<String> ofPanels = dashboard.findValuesAsString("expr").stream();
		Stream<String> ofVariables = dashboard.at("/templating/list").findValuesAsString("query").stream();
		Stream<String> ofAlerts = Files.readString(docs("observability.md"))
			.lines()
			.filter((line) -> line.strip().startsWith("expr: "));
		return Stream.of(ofPanels, ofVariables, ofAlerts)
			.flatMap((expressions) -> expressions)
			.flatMap(MetricsIntegrationTests::queries)
			.toList();
	}

	private static Stream<Query> queries(String expression) {
		List<MatchResult> grouped = GROUPED.matcher(expression).results().toList();
		// Those of configuration are tested where it is
		Stream<MatchResult> queried = QUERIED.matcher(expression)
			.results()
			.filter((query) -> !query.group(1).startsWith("etcd_config_"));
		return queried.map((query) -> {
			Set<String> labels = new TreeSet<>();
			Stream.concat(Stream.ofNullable(query.group(2)), grouped.stream().map((by) -> by.group(1)))
				.flatMap((text) -> Arrays.stream(text.split(",")))
				.map((text) -> text.strip().split("[=!~]", 2)[0].strip())
				.filter((label) -> !label.isEmpty() && !label.equals("le"))
				.forEach(labels::add);
			labels.removeAll(OF_PROMETHEUS);
			return new Query(expression, query.group(1), labels);
		});
	}

	private static Path docs(String name) {
		return Stream.iterate(Path.of("").toAbsolutePath(), (path) -> path != null, Path::getParent)
			.map((path) -> path.resolve("docs").resolve(name))
			.filter(Files::exists)
			.findFirst()
			.orElseThrow();
	}

	/**
	 * Patient, since a build shares its machine.
	 */
	private static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofSeconds(30));
	}

	private static ConfigurableApplicationContext run() {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.SERVLET);
		application.setBannerMode(Banner.Mode.OFF);
		application.setDefaultProperties(Map.of("spring.application.name", "app", "spring.cloud.etcd.endpoints",
				etcd.clientUrl(), "spring.cloud.etcd.discovery.port", "8080", "spring.cloud.etcd.discovery.drain", "0s",
				"spring.cloud.etcd.discovery.ttl", "3s", "server.address", "127.0.0.1", "server.port", "0",
				"management.endpoints.web.exposure.include", "prometheus"));
		return application.run();
	}

	/**
	 * A meter as the documentation has it.
	 */
	private record Documented(String meter, String type, Set<String> tags) {

		static Documented of(MatchResult row) {
			return new Documented(row.group(1), row.group(2),
					Pattern.compile("`([a-z]+)`")
						.matcher(row.group(3))
						.results()
						.map((tag) -> tag.group(1))
						.collect(Collectors.toCollection(TreeSet::new)));
		}

		/**
		 * Its name, or one of its names, in Prometheus.
		 */
		String series() {
			return this.meter.replace('.', '_') + switch (this.type) {
				case "gauge" -> "";
				case "gauge, seconds" -> "_seconds";
				case "counter" -> "_total";
				case "timer", "long task timer" -> "_seconds_count";
				default -> throw new IllegalStateException(this.type);
			};
		}

	}

	private record Query(String expression, String metric, Set<String> labels) {
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}
