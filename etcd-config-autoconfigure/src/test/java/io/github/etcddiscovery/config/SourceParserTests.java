package io.github.etcddiscovery.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.Snapshot;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/**
 * What keys and values of etcd mean.
 */
class SourceParserTests {

	private final SourceParser parser = parser();

	private static SourceParser parser(String... properties) {
		return new SourceParser(ImportSourcesTests.properties(properties), (text) -> {
			if (text.equals("broken")) {
				throw new IllegalStateException(text);
			}
			return "decrypted-" + text;
		});
	}

	private static ImportSource source(String location) {
		return new ImportSources(ImportSourcesTests.properties(), Map.of()).sources(location, false).get(0);
	}

	/**
	 * Of keys, each written later than the one before.
	 */
	private static SourceState parse(SourceParser parser, String location, String... keysAndValues) {
		ImportSource source = source(location);
		List<Snapshot> snapshots = new ArrayList<>();
		source.ranges().forEach((range) -> {
			Map<String, Entry> entries = new LinkedHashMap<>();
			for (int i = 0; i < keysAndValues.length; i += 2) {
				if (range.contains(keysAndValues[i])) {
					entries.put(keysAndValues[i], new Entry(keysAndValues[i], keysAndValues[i + 1], i + 1, 0));
				}
			}
			snapshots.add(new Snapshot(1, 100, entries));
		});
		return parser.parse(source, snapshots);
	}

	private static Map<String, Object> values(SourceState state) {
		Map<String, Object> values = new LinkedHashMap<>();
		state.values().forEach((name, value) -> values.put(name, value.value()));
		return values;
	}

	@ParameterizedTest
	@CsvSource({ "a/b/c,a.b.c", "a.b/c,a.b.c", "hosts/0,hosts[0]", "hosts/12/name,hosts[12].name", "0/a,0.a",
			"hosts/123456,hosts.123456", "list[0],list[0]", "a//b,", "/a,", "a/,", "a b,", ".a,", "a./b,", "a..b,",
			"umläut/x,umläut.x" })
	void aKeyIsTheNameOfAProperty(String key, @Nullable String name) {
		assertThat(SourceParser.propertyName(key)).isEqualTo(name);
	}

	@Test
	void ofOnePropertyTheKeyThatWasWrittenLastCounts() {
		SourceState state = parse(this.parser, "c/", "c/a.b", "old", "c/a/b", "new");
		assertThat(values(state)).containsExactly(Map.entry("a.b", "new"));
		assertThat(state.skipped()).containsExactly(Map.entry("c/a.b", "'c/a/b' is the same property"));
		assertThat(state.values().get("a.b").origin()).hasToString("etcd c/a/b @ revision 3");
	}

	@Test
	void aKeyWithASlashBeforeItCountsMore() {
		assertThat(values(parse(this.parser, "/c/", "/c/a", "with", "c/a", "without", "c/b", "1")))
			.containsExactlyInAnyOrderEntriesOf(Map.of("a", "with", "b", "1"));
	}

	@Test
	void marksOfDirectoriesAreNothingAndOddKeysAreTold() {
		SourceState state = parse(this.parser, "c/", "c/", "", "c/dir/", "", "c/empty", "", "c/x//y", "1");
		assertThat(values(state)).containsExactly(Map.entry("empty", ""));
		assertThat(state.skipped()).containsExactly(Map.entry("c/x//y", "it can't be the name of a property"));
	}

	@Test
	void documentsInATreeCountLessThanKeys() {
		SourceState state = parse(this.parser, "c/", "c/a/b", "key", "c/doc.yaml", "a:\n  b: doc\n  c: doc\n", "c/data",
				"a.d=data");
		assertThat(values(state)).containsOnly(Map.entry("a.b", "key"), Map.entry("a.c", "doc"),
				Map.entry("a.d", "data"));
		assertThat(state.values().get("a.c").origin()).hasToString("etcd c/doc.yaml @ revision 3 - 3:6");
	}

	@Test
	void aTreeHasNoDocumentsAndFilesHaveNoKeys() {
		assertThat(values(parse(this.parser, "c/?format=tree", "c/doc.yaml", "a: 1")))
			.containsExactly(Map.entry("doc.yaml", "a: 1"));
		SourceState files = parse(this.parser, "c/?format=files", "c/x.json", "{\"a\":[1,{\"b\":true}],\"e\":{}}",
				"c/y", "1");
		assertThat(values(files)).containsOnly(Map.entry("a[0]", 1), Map.entry("a[1].b", true), Map.entry("e", ""));
		assertThat(files.skipped()).containsExactly(Map.entry("c/y", "it is no document"));
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			/d/x        | {"a":1}
			/d/x        | a=1
			/d/x        | a: 1
			/d/x.properties | a: 1
			/d/x?format=json | {"a":1}
			""")
	void theFormatOfADocumentIsThatOfItsNameOrElseOfItsContent(String location, String text) {
		String key = location.replaceFirst("\\?.*", "");
		assertThat(String.valueOf(values(parse(this.parser, location, key, text)).get("a"))).isEqualTo("1");
	}

	@Test
	void aDocumentMayBeForAProfile() {
		SourceParser parser = parser();
		String yaml = "a: all\n---\nspring.config.activate.on-profile: prod & !eu\na: prod\n";
		assertThat(values(parse(parser, "/d.yaml", "d.yaml", yaml))).containsExactly(Map.entry("a", "all"));
		assertThat(parser.profiles(List.of("prod"))).isTrue();
		assertThat(parser.profiles(List.of("prod"))).isFalse();
		assertThat(values(parse(parser, "/d.yaml", "d.yaml", yaml))).containsExactly(Map.entry("a", "prod"));
		parser.profiles(List.of("prod", "eu"));
		assertThat(values(parse(parser, "/d.yaml", "d.yaml", yaml))).containsExactly(Map.entry("a", "all"));
	}

	@Test
	void whatIsEncryptedIsDecryptedInKeysAndInDocuments() {
		SourceState state = parse(this.parser, "c/?prefix=p", "c/a", "{cipher}1", "c/d.yaml", "b: '{cipher}2'");
		assertThat(values(state)).containsOnly(Map.entry("p.a", "decrypted-1"), Map.entry("p.b", "decrypted-2"));
		assertThat(state.values().get("p.b").encrypted()).isTrue();
		assertThatThrownBy(() -> parse(this.parser, "c/", "c/a", "{cipher}broken"))
			.isInstanceOf(InvalidConfigException.class)
			.hasMessage("The value at etcd c/a @ revision 1 can't be decrypted");
	}

	@ParameterizedTest
	@CsvSource({ "d.yaml,a: [s3cret,YAML", "d.json,{\"a\": s3cret},JSON", "d.properties,a=\\us3cret,properties file" })
	void aDocumentThatCannotBeReadIsNamedAndNotQuoted(String key, String text, String format) {
		assertThatThrownBy(() -> parse(this.parser, "/" + key, key, text)).isInstanceOf(InvalidConfigException.class)
			.hasMessageStartingWith("'%s' at revision 1 is no %s that can be read".formatted(key, format))
			.hasNoCause()
			.message()
			.doesNotContain("s3cret");
	}

	@Test
	void thereAreLimits() {
		assertThatThrownBy(() -> parse(parser("max-keys", "1"), "c/", "c/a", "1", "c/b", "2"))
			.hasMessage("'c/' has 2 keys, more than 1");
		assertThatThrownBy(() -> parse(parser("max-value-size", "4B"), "c/", "c/a", "äöü"))
			.hasMessage("'c/a' is larger than 4B");
		assertThat(values(parse(parser("max-value-size", "4B", "max-keys", "1"), "c/", "c/a", "äö"))).hasSize(1);
	}

}
