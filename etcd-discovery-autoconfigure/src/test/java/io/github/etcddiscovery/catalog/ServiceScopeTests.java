package io.github.etcddiscovery.catalog;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.core.ManualEventLoop;
import io.github.etcddiscovery.core.RetryDelays;
import io.github.etcddiscovery.instance.AddressCodec;
import io.github.etcddiscovery.instance.InstancePlaces;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.MirrorTiming;
import io.github.etcddiscovery.watch.Reflector;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link ServiceScope}.
 */
class ServiceScopeTests {

	private final ManualEventLoop loop = new ManualEventLoop();

	private final List<String> released = new ArrayList<>();

	private final Set<String> restored = new HashSet<>();

	private final List<KeyRange> followed = new ArrayList<>();

	private final ServiceScope scope = new ServiceScope(InstancePlaces.below("services"),
			new InstanceReader("services", List.of(new AddressCodec())), this.loop, Duration.ofMinutes(10),
			(range, indexed) -> follow(range),
			(done) -> new FirstSync(done, this.loop::nanoTime, Duration.ofSeconds(5)), this.restored::contains,
			this.released::add);

	@Test
	void letsGoOfTheServiceNotAskedForTheLongestWhenTooManyAreAskedFor() {
		this.scope.start();
		for (int i = 0; i < ServiceScope.MAX_SERVICES; i++) {
			this.scope.use("service" + i);
			this.loop.advance(Duration.ofMillis(1));
		}
		this.scope.use("service0");
		assertThat(this.released).isEmpty();
		this.scope.use("one-more");
		this.loop.runDue();
		assertThat(this.released).containsExactly("service1");
		int before = this.followed.size();
		this.scope.use("service1");
		assertThat(this.followed).hasSize(before + 2);
	}

	@Test
	void letsGoOfAServiceThatIsNotAskedForAnyMore() {
		this.scope.start();
		this.scope.use("orders");
		this.loop.advance(Duration.ofMinutes(9));
		assertThat(this.released).isEmpty();
		this.loop.advance(Duration.ofMinutes(4));
		assertThat(this.released).containsExactly("orders");
	}

	private Mirror follow(KeyRange range) {
		this.followed.add(range);
		Reflector reflector = new Reflector(range, new UnansweredListerWatcher(), this.loop,
				new RetryDelays(Duration.ofSeconds(5)), MirrorTiming.of(Duration.ofSeconds(5)), (publication) -> {
				});
		return new Mirror(reflector, mock(Feed.class), new CompletableFuture<>());
	}

}
