package io.github.etcddiscovery.console;

import java.util.List;

import io.github.etcddiscovery.console.ClusterView.Endpoint;
import io.github.etcddiscovery.console.ClusterView.Etcd;
import io.github.etcddiscovery.console.ClusterView.Part;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for what {@link ClusterView} says of etcd to those who should see to it.
 */
class ClusterViewTests {

	@Test
	void findsNothingWrongWithAHealthyCluster() {
		assertThat(problems(endpoint("a", "3.6.16", "1", 10, 100), endpoint("b", "3.6.16", "1", 80, 100))).isEmpty();
	}

	@Test
	void tellsOfVersionsThatDifferOrAreTooOld() {
		assertThat(problems(endpoint("a", "3.6.16", "1", 1, 0), endpoint("b", "3.7.3", "1", 1, 0),
				endpoint("c", "3.6.16", "1", 1, 0)))
			.containsExactly("The members of etcd are of several versions: 3.6.16, 3.7.3");
		assertThat(problems(endpoint("a", "3.3.27", "1", 1, 0)))
			.containsExactly("etcd 3.3.27 is older than 3.4, the oldest that is supported");
	}

	@Test
	void tellsOfADatabaseThatIsNearlyFullAndOfAMissingLeader() {
		assertThat(problems(endpoint("a", "3.6.16", "", 81, 100))).containsExactly("a has no leader",
				"The database of a has 81 % of its quota");
	}

	@Test
	void tellsOfEndpointsThatDoNotAnswerAndOfAlarms() {
		Endpoint silent = new Endpoint("a", "did not answer", "", "", "", 0, 0, 0, 0, 0, false, List.of());
		Endpoint ill = new Endpoint("b", null, "3.6.16", "2", "2", 1, 1, 1, 1, 0, false,
				List.of("etcdserver: corrupt"));
		Etcd etcd = new Etcd(new Part<>(List.of(silent, ill), null), new Part<>(List.of(), null),
				new Part<>(List.of("NOSPACE at member 2"), null), new Part<>(1, null));
		assertThat(ClusterView.problems(etcd)).containsExactly("a: did not answer", "b: etcdserver: corrupt",
				"etcd raises the alarm NOSPACE at member 2");
	}

	@Test
	void saysNothingOfWhatMayNotBeSeen() {
		assertThat(ClusterView
			.problems(new Etcd(new Part<>(null, "permission denied"), new Part<>(null, "permission denied"),
					new Part<>(null, "permission denied"), new Part<>(null, "permission denied"))))
			.isEmpty();
	}

	private static List<String> problems(Endpoint... endpoints) {
		return ClusterView.problems(new Etcd(new Part<>(List.of(endpoints), null), new Part<>(List.of(), null),
				new Part<>(List.of(), null), new Part<>(1, null)));
	}

	private static Endpoint endpoint(String name, String version, String leader, long size, long quota) {
		return new Endpoint(name, null, version, "1", leader, 1, 1, size, size, quota, false, List.of());
	}

}
