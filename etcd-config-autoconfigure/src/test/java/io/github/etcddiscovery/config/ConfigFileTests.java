package io.github.etcddiscovery.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.config.ConfigState.Freshness;
import io.github.etcddiscovery.config.EtcdConfigProperties.SnapshotProperties;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The configuration on disk.
 */
@ExtendWith(OutputCaptureExtension.class)
class ConfigFileTests {

	private static final ImportSource SOURCE = new ImportSources(ImportSourcesTests.properties(), Map.of())
		.sources("/tree/", false)
		.get(0);

	@TempDir
	Path directory;

	private ConfigFile file(Duration maxAge, String origin) {
		return new ConfigFile(new SnapshotProperties(true, this.directory.resolve("config.json"), maxAge),
				List.of(origin));
	}

	private static ConfigState state(Instant readAt) {
		Map<String, Entry> entries = Map.of("tree/a", new Entry("tree/a", "{cipher}x", 3, 5, 0));
		return new ConfigState(7, 10, readAt, Freshness.LINEARIZABLE,
				Map.of(SOURCE, SourceState.of(entries, Map.of(), Map.of())));
	}

	@Test
	void isReadAsItWasWritten() {
		Instant now = Instant.now();
		file(null, "here").save(state(now));
		ConfigFile.Content content = file(null, "here").load();
		assertThat(content.writtenAt()).isEqualTo(now);
		assertThat(content.clusterId()).isEqualTo(7);
		assertThat(content.snapshots(List.of(KeyRange.prefix("tree/"), KeyRange.prefix("/tree/")))).satisfiesExactly(
				(snapshot) -> assertThat(snapshot.entries())
					.containsExactly(Map.entry("tree/a", new Entry("tree/a", "{cipher}x", 3, 5, 0))),
				(snapshot) -> assertThat(snapshot.entries()).isEmpty());
	}

	@Test
	void isNotUsedIfItIsOfAnotherEtcdTooOldOrBroken(CapturedOutput output) throws Exception {
		assertThat(file(null, "here").load()).isNull();
		assertThat(output).isEmpty();
		file(null, "here").save(state(Instant.now().minusSeconds(60)));
		assertThat(file(null, "there").load()).isNull();
		assertThat(output).contains("is of another version or etcd and is not used");
		assertThat(file(Duration.ofSeconds(59), "here").load()).isNull();
		assertThat(output).contains("'spring.cloud.etcd.config.snapshot.max-age'");
		assertThat(file(Duration.ofMinutes(5), "here").load()).isNotNull();
		Path path = this.directory.resolve("config.json");
		Files.writeString(path, Files.readString(path).replace("\"value\"", "\"valeu\""));
		assertThat(file(null, "here").load()).isNull();
		assertThat(output).contains("can't be read and is not used").doesNotContain("{cipher}x");
	}

	@Test
	void saysOnceThatItCannotBeWritten(CapturedOutput output) throws Exception {
		Path file = Files.writeString(this.directory.resolve("file"), "");
		ConfigFile unwritable = new ConfigFile(new SnapshotProperties(true, file.resolve("config.json"), null),
				List.of("here"));
		unwritable.save(state(Instant.now()));
		unwritable.save(state(Instant.now()));
		assertThat(output.getOut().split("could not be written")).hasSize(2);
	}

}
