package io.github.etcddiscovery.discovery;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
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

	@TempDir
	private Path directory;

	@Test
	void readsWhatItWrote() {
		EtcdServiceInstance instance = new EtcdServiceInstance("orders", "a", "10.0.0.1", 8443, true,
				InstanceStatus.OUT_OF_SERVICE, Map.of("zone", "z"));
		file("catalog.json").save(Catalog.of(42, Map.of("services/orders/a", List.of(instance))));
		Catalog read = file("catalog.json").load().orElseThrow();
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
		file("catalog.json").save(Catalog.of(42, Map.of("services/orders/a", List.of(instance))));
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
		for (String content : List.of("", "{", "[]", "{\"version\":1}", "{\"version\":1,\"prefix\":\"services\"}",
				"{\"version\":2,\"prefix\":\"services\",\"revision\":1,\"instances\":[]}",
				"{\"version\":1,\"prefix\":\"other\",\"revision\":1,\"instances\":[]}",
				"{\"version\":1,\"prefix\":\"services\",\"revision\":1,\"instances\":[{\"key\":\"k\"}]}")) {
			Files.writeString(this.directory.resolve("catalog.json"), content);
			assertThat(file("catalog.json").load()).as(content).isEmpty();
		}
		assertThat(output.getOut().lines().filter((line) -> line.contains("is not used"))).hasSize(8);
	}

	@Test
	void saysOnceThatItCannotBeWritten(CapturedOutput output) throws IOException {
		Files.writeString(this.directory.resolve("not-a-directory"), "");
		CatalogFile file = file("not-a-directory/catalog.json");
		assertThat(file.save(Catalog.empty())).isFalse();
		assertThat(file.save(Catalog.empty())).isFalse();
		assertThat(output.getOut().lines().filter((line) -> line.contains("could not be written"))).hasSize(1);
	}

	private CatalogFile file(String name) {
		return new CatalogFile(this.directory.resolve(name), "services");
	}

}
