package io.github.etcddiscovery.config;

import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.watch.KeyRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/**
 * What an import stands for.
 */
class ImportSourcesTests {

	static EtcdConfigProperties properties(String... pairs) {
		MapConfigurationPropertySource source = new MapConfigurationPropertySource();
		for (int i = 0; i < pairs.length; i += 2) {
			source.put(EtcdConfigProperties.PREFIX + "." + pairs[i], pairs[i + 1]);
		}
		return new Binder(source).bindOrCreate(EtcdConfigProperties.PREFIX, EtcdConfigProperties.class);
	}

	private static List<String> names(EtcdConfigProperties properties, Map<String, String> variables, String location,
			String... profiles) {
		return new ImportSources(properties, variables).sources(location, List.of(profiles))
			.stream()
			.map(ImportSource::name)
			.toList();
	}

	@Test
	void theAutomaticContextsGoFromTheGeneralToTheSpecific() {
		assertThat(names(properties(), Map.of("name", "shop"), "", "dev", "prod")).containsExactly(
				"etcd:config/application/", "etcd:config/application,dev/", "etcd:config/application,prod/",
				"etcd:config/shop/", "etcd:config/shop,dev/", "etcd:config/shop,prod/");
		assertThat(names(properties("prefixes", "a,b/", "default-context", "", "profile-separator", "::"),
				Map.of("name", "shop"), "", "dev"))
			.containsExactly("etcd:a/shop/", "etcd:a/shop::dev/", "etcd:b/shop/", "etcd:b/shop::dev/");
	}

	@Test
	void anApplicationWithoutANameReadsWhatAllDo() {
		assertThat(names(properties(), Map.of(), "", "dev")).containsExactly("etcd:config/application/",
				"etcd:config/application,dev/");
	}

	@Test
	void aTemplateWhosePlaceholderHasNoValueIsLeftOut() {
		EtcdConfigProperties properties = properties("default-context", "", "contexts",
				"{name}/zone-{zone},{name}/{instance-id},{name}/gray-{profile}");
		assertThat(names(properties, Map.of("name", "shop", "zone", "b"), "", "dev", "prod")).containsExactly(
				"etcd:config/shop/", "etcd:config/shop,dev/", "etcd:config/shop,prod/", "etcd:config/shop/zone-b/",
				"etcd:config/shop/gray-dev/", "etcd:config/shop/gray-prod/");
	}

	@Test
	void aTreeAndADocumentAreLookedForWithAndWithoutASlash() {
		ImportSources sources = new ImportSources(properties(), Map.of());
		ImportSource tree = sources.sources("/some/tree/", false).get(0);
		assertThat(tree.ranges()).containsExactly(KeyRange.prefix("some/tree/"), KeyRange.prefix("/some/tree/"));
		assertThat(tree.required()).isFalse();
		ImportSource document = sources.sources("/some/doc.yaml", false).get(0);
		assertThat(document.ranges()).containsExactly(KeyRange.single("some/doc.yaml"),
				KeyRange.single("/some/doc.yaml"));
		assertThat(document.required()).isTrue();
		assertThat(sources.sources("/some/doc.yaml", true).get(0).required()).isFalse();
		assertThat(sources.sources("plain/tree/", false).get(0).ranges())
			.containsExactly(KeyRange.prefix("plain/tree/"));
		assertThat(sources.sources("/some/doc.yaml", List.of("prod"))).singleElement()
			.satisfies((source) -> assertThat(source.place()).isEqualTo("some/doc-prod.yaml"))
			.satisfies((source) -> assertThat(source.profile()).isEqualTo("prod"));
		assertThat(sources.sources("/some/tree/", List.of("prod"))).isEmpty();
		assertThat(sources.sources("/dotted.dir/doc", List.of("prod"))).isEmpty();
	}

	@Test
	void optionsBelongToTheirImport() {
		ImportSource source = new ImportSources(properties(), Map.of())
			.sources("/tree/?prefix=app&refresh=false&precedence=HIGH&revision=12&format=tree", false)
			.get(0);
		assertThat(source.propertyPrefix()).isEqualTo("app.");
		assertThat(source.precedence()).isEqualTo(Precedence.HIGH);
		assertThat(source.revision()).isEqualTo(12);
		assertThat(source.format()).isEqualTo(Format.TREE);
		assertThat(source.isFollowed()).isFalse();
		assertThat(source.name())
			.isEqualTo("etcd:/tree/?prefix=app&refresh=false&precedence=HIGH&revision=12&format=tree");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			/a/?formt=tree         | formt=tree' is not an option
			/a/?refresh            | refresh' is not an option
			/a/?refresh=perhaps    | it is true or false
			/a/?revision=-1        | it is a revision of etcd
			/a/?format=xml         | it is one of [auto, tree
			/a?format=tree         | need a location that ends in a slash
			/                      | It would import all keys of etcd
			""")
	void anImportThatCannotBeUnderstoodIsRefused(String location, String problem) {
		assertThatThrownBy(() -> new ImportSources(properties(), Map.of()).sources(location, false))
			.isInstanceOf(InvalidImportException.class)
			.hasMessageContaining(problem);
	}

}
