package io.github.etcddiscovery.discovery;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.core.ManualEventLoop;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Followers}.
 */
class FollowersTests {

	private final ManualEventLoop loop = new ManualEventLoop();

	private final Map<String, List<EtcdServiceInstance>> instances = new HashMap<>();

	private final List<String> asked = new ArrayList<>();

	private final List<String> told = new ArrayList<>();

	private final Followers followers = new Followers(this.loop, Duration.ofMinutes(5), (service) -> {
		this.asked.add(service);
		return this.instances.getOrDefault(service, List.of());
	});

	@Test
	void tellsOfChangesOfTheServiceOnly() {
		follow("orders", "a");
		follow("payments", "b");
		this.loop.runDue();
		assertThat(this.told).isEmpty();
		change("orders");
		assertThat(this.told).containsExactly("a");
		this.followers.attend();
		assertThat(this.told).containsExactly("a");
	}

	@Test
	void tellsOfAChangeThatCameInBetween() {
		follow("orders", "a");
		this.instances.put("orders", List.of(instance()));
		this.loop.runDue();
		assertThat(this.told).containsExactly("a");
	}

	@Test
	void whoFollowsNoLongerIsNotTold() {
		Following following = follow("orders", "a");
		assertThat(this.followers.names()).isEqualTo(Map.of("orders", List.of("a")));
		following.close();
		following.close();
		change("orders");
		assertThat(this.told).isEmpty();
		assertThat(this.followers.names()).isEmpty();
	}

	/**
	 * Otherwise the catalog would let go of the service after a while.
	 */
	@Test
	void whatIsFollowedIsAskedFor() {
		Following following = follow("orders", "a");
		this.loop.runDue();
		this.asked.clear();
		this.loop.advance(Duration.ofMinutes(10));
		assertThat(this.asked).containsExactly("orders", "orders");
		following.close();
		this.loop.advance(Duration.ofMinutes(30));
		assertThat(this.asked).hasSize(2);
	}

	@Test
	void oneThatFailsKeepsNobodyElseFromBeingTold() {
		this.followers.follow("orders", "a", () -> {
			throw new IllegalStateException("test");
		});
		follow("orders", "b");
		change("orders");
		assertThat(this.told).containsExactly("b");
	}

	private Following follow(String service, String name) {
		return this.followers.follow(service, name, () -> this.told.add(name));
	}

	private void change(String service) {
		this.instances.put(service, List.of(instance()));
		this.followers.attend();
	}

	private static EtcdServiceInstance instance() {
		return new EtcdServiceInstance("orders", "a", "h", 1, false, InstanceStatus.UP, Map.of());
	}

}
