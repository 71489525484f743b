package io.github.etcddiscovery.config;

import java.time.Instant;
import java.util.List;

import io.github.etcddiscovery.config.Revision.Result;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What is remembered of revisions.
 */
class RevisionHistoryTests {

	private final RevisionHistory history = new RevisionHistory();

	private void add(long revision, Result result) {
		this.history.add(new Revision(revision, Instant.EPOCH, result, List.of(), List.of(), null));
	}

	@Test
	void keepsTheLastFifty() {
		for (int i = 1; i <= 60; i++) {
			add(i, Result.APPLIED);
		}
		assertThat(this.history.latestFirst()).hasSize(50).extracting(Revision::revision).startsWith(60L).endsWith(11L);
	}

	@Test
	void remembersWhatMattersAndOnce() {
		add(1, Result.APPLIED);
		add(2, Result.UNCHANGED);
		add(3, Result.REJECTED);
		add(3, Result.REJECTED);
		add(0, Result.FAILED);
		add(3, Result.HELD);
		assertThat(this.history.latestFirst()).extracting(Revision::result)
			.containsExactly(Result.HELD, Result.REJECTED, Result.APPLIED);
	}

}
