package io.github.etcddiscovery.metrics;

import java.util.ArrayList;
import java.util.List;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.core.Monitor.Operation;
import io.micrometer.common.KeyValue;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link ObservationMonitor}.
 */
class ObservationMonitorTests {

	private final ObservationRegistry registry = ObservationRegistry.create();

	private final List<Observation.Context> stopped = new ArrayList<>();

	private final ObservationMonitor monitor = new ObservationMonitor(this.registry);

	ObservationMonitorTests() {
		this.registry.observationConfig().observationHandler(new ObservationHandler<>() {

			@Override
			public void onStop(Observation.Context context) {
				ObservationMonitorTests.this.stopped.add(context);
			}

			@Override
			public boolean supportsContext(Observation.Context context) {
				return true;
			}

		});
	}

	@Test
	void observesWhatSucceeds() {
		this.monitor.begin(Operation.REGISTER, "services/orders/a").ended(null);
		assertThat(this.stopped).singleElement().satisfies((context) -> {
			assertThat(context.getName()).isEqualTo("etcd.discovery.register");
			assertThat(context.getLowCardinalityKeyValues()).containsExactly(KeyValue.of("outcome", "success"));
			assertThat(context.getHighCardinalityKeyValues())
				.containsExactly(KeyValue.of("etcd.key", "services/orders/a"));
			assertThat(context.getError()).isNull();
		});
	}

	@Test
	void observesWhatFails() {
		EtcdAccessException failure = new EtcdAccessException(Kind.TIMED_OUT, "no answer", null);
		this.monitor.begin(Operation.LIST, "services/*").ended(failure);
		assertThat(this.stopped).singleElement().satisfies((context) -> {
			assertThat(context.getName()).isEqualTo("etcd.discovery.list");
			assertThat(context.getLowCardinalityKeyValues()).containsExactly(KeyValue.of("outcome", "timed-out"));
			assertThat(context.getError()).isSameAs(failure);
		});
	}

	@Test
	void leavesTheManyRenewalsAlone() {
		this.monitor.begin(Operation.RENEW, "1a").ended(null);
		assertThat(this.stopped).isEmpty();
	}

}
