package io.github.etcddiscovery.loadbalancer;

import java.util.List;

import org.junit.jupiter.api.Test;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.CompletionContext;
import org.springframework.cloud.client.loadbalancer.CompletionContext.Status;
import org.springframework.cloud.client.loadbalancer.DefaultRequest;
import org.springframework.cloud.client.loadbalancer.DefaultResponse;
import org.springframework.cloud.client.loadbalancer.Request;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Loads}.
 */
class LoadsTests {

	private final List<ServiceInstance> both = List.of(Instances.ONE, Instances.TWO);

	private long now = Long.MAX_VALUE - 1;

	private final Loads loads = new Loads(() -> this.now);

	@Test
	void choosesTheOneWithFewerCalls() {
		assertThat(better()).isEqualTo(Instances.ONE);
		Request<Object> first = start(Instances.ONE);
		assertThat(better()).isEqualTo(Instances.TWO);
		Request<Object> second = start(Instances.TWO);
		Request<Object> third = start(Instances.TWO);
		assertThat(better()).isEqualTo(Instances.ONE);
		end(second);
		end(third);
		assertThat(better()).isEqualTo(Instances.TWO);
		end(first);
		assertThat(better()).isEqualTo(Instances.ONE);
	}

	@Test
	void countsEachTryOfARequest() {
		Request<Object> request = start(Instances.ONE);
		end(request);
		this.loads.onStartRequest(request, new DefaultResponse(Instances.TWO));
		start(Instances.ONE);
		start(Instances.ONE);
		assertThat(better()).isEqualTo(Instances.TWO);
		end(request);
		end(request);
		start(Instances.TWO);
		assertThat(better()).isEqualTo(Instances.TWO);
	}

	@Test
	void forgetsCallsThatNobodyEnds() {
		start(Instances.ONE);
		this.now += Loads.FORGOTTEN_AFTER.toNanos();
		start(Instances.TWO);
		assertThat(better()).isEqualTo(Instances.ONE);
	}

	@Test
	void leavesWhatIsNoChoice() {
		assertThat(this.loads.better(List.of(), (instances) -> instances)).isEmpty();
		start(Instances.ONE);
		assertThat(this.loads.better(List.of(Instances.ONE), (instances) -> instances)).containsExactly(Instances.ONE);
	}

	private ServiceInstance better() {
		return this.loads.better(this.both, (instances) -> instances).get(0);
	}

	private Request<Object> start(ServiceInstance instance) {
		Request<Object> request = new DefaultRequest<>();
		this.loads.onStartRequest(request, new DefaultResponse(instance));
		return request;
	}

	private void end(Request<Object> request) {
		this.loads.onComplete(new CompletionContext<>(Status.SUCCESS, request, new DefaultResponse(Instances.ONE)));
	}

}
