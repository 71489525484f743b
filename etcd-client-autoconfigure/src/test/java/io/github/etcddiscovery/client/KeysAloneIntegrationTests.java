package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.watch.Batch;
import io.github.etcddiscovery.watch.Change;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher.Handler;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.util.unit.DataSize;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Mirrors of keys whose values are left out.
 */
class KeysAloneIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	/**
	 * An audit would take a difference for an event that was lost, and list again each
	 * time: etcd 3.7 tells the lease of a key in a watch, but not in a list of keys.
	 */
	@Test
	void aListAndAWatchShowTheSame() throws Exception {
		EtcdProperties properties = new EtcdProperties(true, List.of(etcd.clientUrl()), null, null,
				Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofSeconds(10), Duration.ofSeconds(5),
				DataSize.ofMegabytes(4), null, SslProperties.none());
		try (EtcdClientFactory factory = new EtcdClientFactory(properties,
				new PropertiesEtcdConnectionDetails(properties), List.of(), List.of());
				EtcdConnection connection = new EtcdConnection(factory, Duration.ofSeconds(5))) {
			JetcdListerWatcher keys = new JetcdListerWatcher(connection, KeyRange.prefix("services/").withoutValues());
			FirstChange seen = new FirstChange();
			long written = etcd.admin()
				.put("services/orders/1", "http://10.0.0.1:80", etcd.admin().grantLease(Duration.ofMinutes(1)));
			try (JetcdListerWatcher.Watch watch = keys.watch(written, seen)) {
				Change change = seen.change.get(20, TimeUnit.SECONDS);
				assertThat(keys.list().get(20, TimeUnit.SECONDS).entries()).containsEntry(change.key(), change.entry());
				assertThat(change.entry()).isNotNull();
			}
		}
	}

	private static final class FirstChange implements Handler {

		private final CompletableFuture<Change> change = new CompletableFuture<>();

		@Override
		public void created(long clusterId, long revision) {
		}

		@Override
		public void changed(Batch batch) {
			this.change.complete(batch.changes().get(0));
		}

		@Override
		public void alive(long clusterId, long revision) {
		}

		@Override
		public void failed(EtcdAccessException failure) {
			this.change.completeExceptionally(failure);
		}

	}

}
