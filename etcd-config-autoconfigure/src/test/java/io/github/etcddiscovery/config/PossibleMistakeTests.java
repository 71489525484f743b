package io.github.etcddiscovery.config;

import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.config.ConfigState.Freshness;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.Snapshot;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * When configuration that has vanished may be a mistake.
 */
class PossibleMistakeTests {

	private final ImportSource tree = source("/tree/");

	private final ImportSource document = source("/doc.yaml");

	private static ImportSource source(String location) {
		return new ImportSources(ImportSourcesTests.properties(), Map.of()).sources(location, false).get(0);
	}

	private static Map<String, Entry> entries(String... keys) {
		Map<String, Entry> entries = new HashMap<>();
		List.of(keys).forEach((key) -> entries.put(key, new Entry(key, "1", 1, 0)));
		return entries;
	}

	private static ConfigState last(ImportSource source, String... keys) {
		return new ConfigState(7, 10, Instant.EPOCH, Freshness.LINEARIZABLE,
				Map.of(source, SourceState.of(entries(keys), Map.of(), Map.of())));
	}

	private static Reading reading(ImportSource source, long clusterId, long revision, String... keys) {
		Map<KeyRange, Snapshot> snapshots = new LinkedHashMap<>();
		snapshots.put(source.ranges().get(0), new Snapshot(clusterId, revision, entries(keys)));
		return new Reading(clusterId, revision, List.of(source), snapshots);
	}

	@Test
	void allKeysVanishAtOnce() {
		assertThat(PossibleMistake.of(last(this.tree, "tree/a", "tree/b"), reading(this.tree, 7, 11)))
			.isEqualTo("all 2 keys of 'etcd:/tree/' are gone");
		assertThat(PossibleMistake.of(last(this.tree, "tree/a", "tree/b"), reading(this.tree, 7, 11, "tree/b")))
			.isNull();
	}

	@Test
	void theLastPropertyIsDeletedOnPurposeAndADocumentIsNot() {
		assertThat(PossibleMistake.of(last(this.tree, "tree/a"), reading(this.tree, 7, 11))).isNull();
		assertThat(PossibleMistake.of(last(this.document, "doc.yaml"), reading(this.document, 7, 11)))
			.isEqualTo("'etcd:/doc.yaml' is gone");
	}

	@Test
	void etcdIsAnotherOneOrHasGoneBack() {
		assertThat(PossibleMistake.of(last(this.tree, "tree/a"), reading(this.tree, 8, 11, "tree/a")))
			.isEqualTo("it is from another cluster");
		assertThat(PossibleMistake.of(last(this.tree, "tree/a"), reading(this.tree, 7, 9)))
			.isEqualTo("etcd was wiped or restored, and nothing is left of 'etcd:/tree/'");
		assertThat(PossibleMistake.of(last(this.tree, "tree/a"), reading(this.tree, 7, 9, "tree/a"))).isNull();
	}

	@Test
	void whatWasEmptyMayStaySo() {
		assertThat(PossibleMistake.of(ConfigState.none(), reading(this.tree, 7, 9))).isNull();
		assertThat(PossibleMistake.of(last(this.tree), reading(this.tree, 7, 9))).isNull();
	}

}
