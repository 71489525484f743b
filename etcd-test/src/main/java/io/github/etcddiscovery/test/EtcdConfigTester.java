package io.github.etcddiscovery.test;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

import io.github.etcddiscovery.client.EtcdConnectionDetails;
import io.github.etcddiscovery.config.EtcdConfigRefresher;
import io.github.etcddiscovery.config.Revision;
import io.github.etcddiscovery.config.Revision.Result;
import org.jspecify.annotations.Nullable;

import org.springframework.context.ApplicationContext;

/**
 * Changes the configuration of the application under test, and waits for the expected
 * result. It is a bean in contexts of {@link EtcdTest}; other tests create one
 * themselves.
 */
public final class EtcdConfigTester implements AutoCloseable {

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	private final ApplicationContext context;

	private final EtcdTestKeys keys;

	/**
	 * Create a tester.
	 * @param context the context of the application
	 * @param details the connection details of its etcd
	 */
	public EtcdConfigTester(ApplicationContext context, EtcdConnectionDetails details) {
		this.context = context;
		this.keys = new EtcdTestKeys(details);
	}

	/**
	 * Write a key.
	 * @param key the key
	 * @param value the value
	 * @return the revision of the write, to wait for
	 */
	public Written put(String key, String value) {
		return write(Map.of(key, value));
	}

	/**
	 * Write several keys in one transaction.
	 * @param values the values by key; a key whose value is {@code null} is deleted
	 * @return the revision of the write, to wait for
	 */
	public Written write(Map<String, @Nullable String> values) {
		return new Written(this.keys.write(new LinkedHashMap<>(values)));
	}

	/**
	 * Delete a key.
	 * @param key the key
	 * @return the revision of the write, to wait for
	 */
	public Written delete(String key) {
		Map<String, @Nullable String> values = new LinkedHashMap<>();
		values.put(key, null);
		return write(values);
	}

	@Override
	public void close() {
		this.keys.close();
	}

	/**
	 * A revision of etcd that the application will read.
	 */
	public final class Written {

		private final long revision;

		private Written(long revision) {
			this.revision = revision;
		}

		/**
		 * The revision.
		 * @return the revision
		 */
		public long revision() {
			return this.revision;
		}

		/**
		 * Wait until the revision is in use, whether or not it changes a property.
		 * @return this revision
		 * @throws AssertionError if it is rejected or held, or not read in time
		 */
		public Written awaitApplied() {
			EtcdConfigRefresher refresher = awaitRead();
			Revision refused = refresher.getRefused();
			if (refused != null && refused.revision() >= this.revision) {
				throw new AssertionError("Revision %d is %s: %s".formatted(refused.revision(),
						refused.result().name().toLowerCase(), refused.reason()));
			}
			return this;
		}

		/**
		 * Wait until the revision is rejected.
		 * @return the reason
		 * @throws AssertionError if it is applied, or not read in time
		 */
		public String awaitRejected() {
			EtcdConfigRefresher refresher = awaitRead();
			Revision refused = refresher.getRefused();
			if (refused == null || refused.result() != Result.REJECTED) {
				throw new AssertionError("Revision %d is not rejected".formatted(this.revision));
			}
			return String.valueOf(refused.reason());
		}

		/**
		 * Read now instead of waiting for the watch.
		 */
		private EtcdConfigRefresher awaitRead() {
			EtcdConfigRefresher refresher = EtcdConfigTester.this.context.getBean(EtcdConfigRefresher.class);
			long deadline = System.nanoTime() + PATIENCE.toNanos();
			while (refresher.getReadRevision() < this.revision) {
				if (System.nanoTime() > deadline) {
					throw new AssertionError("Revision %d was not read in time: %s".formatted(this.revision,
							String.valueOf(refresher.getLastError())));
				}
				refresher.refresh().join();
			}
			return refresher;
		}

	}

}
