package io.github.etcddiscovery.loadbalancer;

import java.io.IOException;
import java.net.ConnectException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.probe.AddressProbe.Answer;
import org.junit.jupiter.api.Test;

import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.CompletionContext;
import org.springframework.cloud.client.loadbalancer.CompletionContext.Status;
import org.springframework.cloud.client.loadbalancer.DefaultRequest;
import org.springframework.cloud.client.loadbalancer.DefaultResponse;
import org.springframework.cloud.client.loadbalancer.EmptyResponse;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link Ejections}.
 */
class EjectionsTests {

	private List<ServiceInstance> registered = List.of(Instances.ONE, Instances.TWO);

	private final List<CompletableFuture<Answer>> trials = new ArrayList<>();

	private long now = Long.MAX_VALUE - 1;

	private final Ejections ejections = new Ejections(() -> this.registered, (host, port) -> {
		CompletableFuture<Answer> trial = new CompletableFuture<>();
		this.trials.add(trial);
		return trial;
	}, () -> this.now);

	@Test
	void ejectsWhatCouldNotBeConnectedTo() {
		assertThat(this.ejections.isEmpty()).isTrue();
		fail(Instances.ONE, new IOException(new ConnectException("Connection refused")));
		assertThat(this.ejections.isEmpty()).isFalse();
		assertThat(this.ejections.contains(Instances.ONE)).isTrue();
		assertThat(this.ejections.contains(Instances.TWO)).isFalse();
	}

	@Test
	void ejectsNothingForOtherFailures() {
		fail(Instances.ONE, new IOException("Connection reset"));
		this.ejections
			.onComplete(new CompletionContext<>(Status.SUCCESS, new DefaultRequest<>(), response(Instances.ONE)));
		this.ejections.onComplete(new CompletionContext<>(Status.DISCARD, new DefaultRequest<>(), new EmptyResponse()));
		assertThat(this.ejections.isEmpty()).isTrue();
	}

	@Test
	void comesBackWhenItsAddressAcceptsAConnection() {
		fail(Instances.ONE, new ConnectException());
		assertThat(this.ejections.contains(Instances.ONE)).isTrue();
		assertThat(this.trials).isEmpty();
		pass();
		assertThat(this.ejections.contains(Instances.ONE)).isTrue();
		assertThat(this.ejections.contains(Instances.ONE)).isTrue();
		assertThat(this.trials).hasSize(1);
		this.trials.get(0).complete(Answer.REFUSED);
		assertThat(this.ejections.contains(Instances.ONE)).isTrue();
		pass();
		assertThat(this.ejections.contains(Instances.ONE)).isTrue();
		assertThat(this.trials).hasSize(2);
		this.trials.get(1).complete(Answer.UNKNOWN);
		assertThat(this.ejections.contains(Instances.ONE)).isTrue();
		pass();
		assertThat(this.ejections.contains(Instances.ONE)).isTrue();
		assertThat(this.trials).hasSize(3);
		this.trials.get(2).complete(Answer.ACCEPTED);
		assertThat(this.ejections.contains(Instances.ONE)).isFalse();
		assertThat(this.ejections.isEmpty()).isTrue();
	}

	@Test
	void asksWhetherAnybodyListensAfterACallWithoutAnAnswer() {
		fail(Instances.ONE, new IllegalStateException(new IOException("Connection reset")));
		fail(Instances.ONE, new IOException("Connection reset"));
		assertThat(this.trials).hasSize(1);
		this.trials.get(0).complete(Answer.ACCEPTED);
		assertThat(this.ejections.isEmpty()).isTrue();
		pass();
		fail(Instances.ONE, new IOException("Connection reset"));
		assertThat(this.trials).hasSize(2);
		this.trials.get(1).complete(Answer.REFUSED);
		assertThat(this.ejections.contains(Instances.ONE)).isTrue();
	}

	@Test
	void comesBackWhenACallSucceeds() {
		fail(Instances.ONE, new ConnectException());
		succeed(Instances.ONE);
		assertThat(this.ejections.contains(Instances.ONE)).as("it may have begun before").isTrue();
		pass();
		succeed(Instances.TWO);
		assertThat(this.ejections.contains(Instances.ONE)).isTrue();
		succeed(Instances.ONE);
		assertThat(this.ejections.contains(Instances.ONE)).isFalse();
	}

	@Test
	void comesBackWhenNothingCanBeFoundOut() {
		fail(Instances.ONE, new ConnectException());
		for (long i = 0; i < Ejections.UNKNOWN_FOR.toSeconds(); i++) {
			pass();
			assertThat(this.ejections.contains(Instances.ONE)).isTrue();
			this.trials.get(this.trials.size() - 1).complete(Answer.UNKNOWN);
		}
		assertThat(this.ejections.contains(Instances.ONE)).isFalse();
	}

	@Test
	void comesBackWhenTheRegistrySaysSomethingNew() {
		fail(Instances.ONE, new ConnectException());
		ServiceInstance again = Instances.instance(Instances.ONE.getPort(), Map.of());
		assertThat(again).isEqualTo(Instances.ONE);
		this.registered = List.of(again, Instances.TWO);
		assertThat(this.ejections.contains(again)).isFalse();
		fail(Instances.TWO, new ConnectException());
		assertThat(this.ejections.contains(Instances.ONE)).isFalse();
		assertThat(this.ejections.contains(Instances.TWO)).isTrue();
	}

	private void fail(ServiceInstance instance, Throwable failure) {
		this.ejections
			.onComplete(new CompletionContext<>(Status.FAILED, failure, new DefaultRequest<>(), response(instance)));
	}

	private void succeed(ServiceInstance instance) {
		this.ejections.onComplete(new CompletionContext<>(Status.SUCCESS, new DefaultRequest<>(), response(instance)));
	}

	private static DefaultResponse response(ServiceInstance instance) {
		return new DefaultResponse(instance);
	}

	private void pass() {
		this.now += Ejections.INTERVAL.toNanos();
	}

}
