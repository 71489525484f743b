package io.github.etcddiscovery.proof;

import java.util.List;

import io.github.etcddiscovery.proof.Tally.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The shortest of all proofs, so that the load test itself keeps working; the long ones
 * are run by command.
 */
@Timeout(180)
class StageIntegrationTests {

	@Test
	void noRequestFailsWhenOneOfTwoInstancesStops() {
		try (Stage stage = new Stage(1, false, (line) -> {
		})) {
			List<Instance> instances = stage.launch(2);
			stage.awaitStarted(instances);
			stage.awaitSeen(instances);
			stage.begin(50);
			stage.awaitAnswersOf(instances);
			stage.stop(instances.subList(0, 1));
			stage.awaitGone(instances.get(0));
			List<Result> results = stage.end();
			assertThat(results).extracting(Result::client)
				.containsExactlyInAnyOrder("RestClient", "WebClient", "gRPC", "gRPC stream");
			assertThat(results).allSatisfy((result) -> {
				assertThat(result.failures()).as(result.toString()).isZero();
				assertThat(result.requests()).isGreaterThan(50);
				assertThat(result.retries()).isZero();
			});
		}
	}

}
