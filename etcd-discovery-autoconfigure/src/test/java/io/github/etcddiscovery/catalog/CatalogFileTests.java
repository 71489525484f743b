package io.github.etcddiscovery.catalog;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.github.etcddiscovery.instance.AllowedNetworks;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceLimits;
import io.github.etcddiscovery.instance.InstancePlaces;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.instance.JsonCodec;
import io.github.etcddiscovery.watch.Entry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;
import org.springframework.aot.hint.predicate.RuntimeHintsPredicates;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.core.io.support.SpringFactoriesLoader;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link CatalogFile}.
 */
@ExtendWith(OutputCaptureExtension.class)
class CatalogFileTests {

	private static final InstanceReader READER = new InstanceReader("services", List.of(new JsonCodec()));

	@TempDir
	private Path directory;

	@Test
	void readsWhatItWrote() {
		EtcdServiceInstance instance = new EtcdServiceInstance("orders", "a", "10.0.0.1", 8443, true,
				InstanceStatus.OUT_OF_SERVICE, Map.of("zone", "z"));
		file("catalog.json").save(catalog(instance));
		Catalog read = read(READER);
		assertThat(read.revision()).isEqualTo(42);
		assertThat(read.registered("orders")).containsExactly(instance);
		assertThat(read.routable("orders")).isEmpty();
		assertThat(read.instancesByKey()).containsOnlyKeys("services/orders/a");
	}

	@Test
	void hintsAtWhatItReadsAndWrites() {
		RuntimeHints hints = new RuntimeHints();
		SpringFactoriesLoader.forResourceLocation("META-INF/spring/aot.factories")
			.load(RuntimeHintsRegistrar.class)
			.forEach((registrar) -> registrar.registerHints(hints, getClass().getClassLoader()));
		assertThat(CatalogFile.class.getDeclaredClasses()).filteredOn(Class::isRecord)
			.hasSize(2)
			.allSatisfy((type) -> assertThat(RuntimeHintsPredicates.reflection()
				.onType(type)
				.withMemberCategory(MemberCategory.INVOKE_DECLARED_CONSTRUCTORS)).accepts(hints));
	}

	@Test
	void writesNoSecrets() throws IOException {
		EtcdServiceInstance instance = new EtcdServiceInstance("orders", "a", "10.0.0.1", 8080, false,
				InstanceStatus.UP, Map.of("zone", "z", "dbPassword", "hunter2", "API-KEY", "hunter2"));
		file("catalog.json").save(catalog(instance));
		assertThat(Files.readString(this.directory.resolve("catalog.json"))).contains("zone").doesNotContain("hunter2");
	}

	@Test
	void isForItsOwnerOnlyAndLeavesNothingElse() throws IOException {
		file("sub/catalog.json").save(Catalog.empty());
		file("sub/catalog.json").save(Catalog.empty());
		try (var files = Files.list(this.directory.resolve("sub"))) {
			assertThat(files).containsExactly(this.directory.resolve("sub/catalog.json"));
		}
		assertThat(PosixFilePermissions
			.toString(Files.getPosixFilePermissions(this.directory.resolve("sub/catalog.json"))))
			.isEqualTo("rw-------");
	}

	@Test
	void isAsGoodAsNoneWhenItIsMissing(CapturedOutput output) {
		assertThat(file("missing.json").load()).isEmpty();
		assertThat(output).doesNotContain("missing.json");
	}

	@Test
	void isAsGoodAsNoneWhenItCannotBeRead(CapturedOutput output) throws IOException {
		String good = """
				{"version":2,"places":["services"],"origins":["http://etcd:2379"],"revision":1,"instances":[]}""";
		Files.writeString(this.directory.resolve("catalog.json"), good);
		assertThat(file("catalog.json").load()).isPresent();
		List<String> contents = List.of("", "{", "[]", "{\"version\":2}", "{\"version\":2,\"places\":[\"services\"]}",
				good.replace(":2,", ":1,"), good.replace("\"services\"", "\"other\""),
				good.replace("\"services\"", "\"services\",\"other\""), good.replace("etcd:", "staging:"),
				good.replace("[\"http://etcd:2379\"]", "[]"),
				good.replace("\"instances\":[]", "\"instances\":[{\"key\":\"k\"}]"));
		for (String content : contents) {
			Files.writeString(this.directory.resolve("catalog.json"), content);
			assertThat(file("catalog.json").load()).as(content).isEmpty();
		}
		assertThat(output.getOut().lines().filter((line) -> line.contains("is not used"))).hasSize(contents.size());
	}

	@Test
	void isOfTheSameEtcdWhenOneOfItsMembersIs() {
		file("catalog.json").save(Catalog.empty());
		Path file = this.directory.resolve("catalog.json");
		assertThat(new CatalogFile(file, List.of("services"), List.of("http://new:2379", "http://etcd:2379")).load())
			.isPresent();
		assertThat(new CatalogFile(file, List.of("services"), List.of("http://new:2379")).load()).isEmpty();
	}

	@Test
	void whatMayNotBeCalledAnyMoreIsPassedOver() {
		file("catalog.json").save(catalog(instance("a", "10.0.0.1"), instance("b", "10.0.0.2"),
				instance("c", "192.168.0.1"), instance("d", "10.0.0.4")));
		Catalog read = read(new InstanceReader(InstancePlaces.below("services"), List.of(new JsonCodec()),
				new InstanceLimits(AllowedNetworks.of(List.of("10.0.0.0/8")), 2)));
		assertThat(read.registered("orders")).extracting(EtcdServiceInstance::getInstanceId).containsExactly("a", "b");
	}

	@Test
	void saysOnceThatItCannotBeWritten(CapturedOutput output) throws IOException {
		Files.writeString(this.directory.resolve("not-a-directory"), "");
		CatalogFile file = file("not-a-directory/catalog.json");
		assertThat(file.save(Catalog.empty())).isFalse();
		assertThat(file.save(Catalog.empty())).isFalse();
		assertThat(output.getOut().lines().filter((line) -> line.contains("could not be written"))).hasSize(1);
	}

	private static EtcdServiceInstance instance(String id, String host) {
		return new EtcdServiceInstance("orders", id, host, 8080, false, InstanceStatus.UP, Map.of());
	}

	private static Catalog catalog(EtcdServiceInstance... instances) {
		Map<String, Reading> readings = new TreeMap<>();
		for (EtcdServiceInstance instance : instances) {
			String key = "services/orders/" + instance.getInstanceId();
			readings.put(key, new Reading(new Entry(key, "", 1, 0), List.of(instance)));
		}
		return Catalog.empty().with(42, readings);
	}

	private Catalog read(InstanceReader reader) {
		CatalogFile.Content content = file("catalog.json").load().orElseThrow();
		return Catalog.empty().with(content.revision(), content.readings(reader));
	}

	private CatalogFile file(String name) {
		return new CatalogFile(this.directory.resolve(name), List.of("services"), List.of("http://etcd:2379"));
	}

}
