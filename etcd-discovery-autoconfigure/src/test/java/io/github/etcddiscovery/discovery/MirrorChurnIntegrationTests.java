package io.github.etcddiscovery.discovery;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.Stream;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.options.GetOption;
import io.github.etcddiscovery.client.EtcdClientFactory;
import io.github.etcddiscovery.client.EtcdConnection;
import io.github.etcddiscovery.client.EtcdProperties;
import io.github.etcddiscovery.client.JetcdListerWatcher;
import io.github.etcddiscovery.client.PropertiesEtcdConnectionDetails;
import io.github.etcddiscovery.client.SslProperties;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.RetryDelays;
import io.github.etcddiscovery.core.ThreadEventLoop;
import io.github.etcddiscovery.testing.EtcdAdmin;
import io.github.etcddiscovery.testing.EtcdExtension;
import io.github.etcddiscovery.testing.TcpProxy;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.MirrorState;
import io.github.etcddiscovery.watch.MirrorTiming;
import io.github.etcddiscovery.watch.Publication;
import io.github.etcddiscovery.watch.Reflector;
import io.github.etcddiscovery.watch.Reset;
import io.github.etcddiscovery.watch.Snapshot;
import io.github.etcddiscovery.watch.SnapshotListener;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.util.unit.DataSize;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Row 43: random faults under churn, judged by replay. Every snapshot that is published
 * is compared with what etcd itself says it held at that revision. A short run by
 * default; {@code -Dchurn.minutes=30} for a long one, {@code -Dchurn.seed=} to repeat the
 * choices of an earlier one.
 */
class MirrorChurnIntegrationTests {

	private static final Log logger = LogFactory.getLog(MirrorChurnIntegrationTests.class);

	private static final Duration SHORT_RUN = Duration.ofSeconds(30);

	private static final int MIRRORS = 3;

	private static final int SERVICES = 6;

	private static final int INSTANCES = 20;

	private static final String PREFIX = "services/";

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private final EtcdAdmin admin = etcd.admin();

	private final long seed = Long.getLong("churn.seed", System.nanoTime());

	private final Duration length = (Long.getLong("churn.minutes") != null)
			? Duration.ofMinutes(Long.getLong("churn.minutes")) : SHORT_RUN;

	private final AtomicLong writes = new AtomicLong();

	private final Map<String, Integer> faults = new LinkedHashMap<>();

	@Test
	@DisplayName("row 43: a thousand random cuts under churn")
	void equalsEtcdAtEveryRevision() throws Exception {
		logger.info("Churn for %d s with -Dchurn.seed=%d".formatted(this.length.toSeconds(), this.seed));
		this.admin.put("services/stable/0", "http://10.0.0.1:8080");
		ScheduledExecutorService threads = Executors.newScheduledThreadPool(4);
		List<Mirror> mirrors = new ArrayList<>();
		try (TcpProxy proxy = TcpProxy.to(etcd.clientUrl());
				Oracle oracle = new Oracle();
				Consumer consumer = Consumer.of(proxy.url()).unrecorded().holdFor(Duration.ZERO).start()) {
			consumer.awaitSynced(Duration.ofSeconds(20));
			for (int i = 0; i < MIRRORS; i++) {
				mirrors.add(new Mirror(proxy.url(), oracle));
			}
			awaitSynced(mirrors);
			Writer one = new Writer(new Random(this.seed + 1));
			Writer other = new Writer(new Random(this.seed + 2));
			List<Future<?>> tasks = List.of(every(threads, Duration.ofMillis(2), one::write),
					every(threads, Duration.ofMillis(3), other::write),
					every(threads, Duration.ofMillis(10), oracle::judge),
					every(threads, Duration.ofMillis(1), () -> read(consumer, oracle)));
			torment(proxy, mirrors, oracle);
			proxy.heal();
			tasks.forEach((task) -> assertThat(task.isDone()).as("a task failed").isFalse());
			threads.shutdown();
			assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
			awaitSynced(mirrors);
			Awaitility.await()
				.atMost(Duration.ofSeconds(10))
				.untilAsserted(() -> assertThat(mirrors)
					.allSatisfy((mirror) -> assertThat(mirror.last().entries()).isEqualTo(oracle.read(0))));
			consumer.awaitConverged(this.admin, Duration.ofSeconds(15));
			// The writers' leases may still be ending
			Awaitility.await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
				oracle.judge();
				assertThat(oracle.compared.get()).isEqualTo(oracle.published.get());
			});
			report(mirrors, oracle);
			assertThat(oracle.complaints).as("-Dchurn.seed=" + this.seed).isEmpty();
		}
		finally {
			threads.shutdownNow();
			mirrors.forEach(Mirror::close);
		}
	}

	private void report(List<Mirror> mirrors, Oracle oracle) {
		logger.info(("Churn with -Dchurn.seed=%d: %d writes, faults %s, %d lists, %d repairs, "
				+ "%d snapshots published, %d compared, %d differences")
			.formatted(this.seed, this.writes.get(), this.faults,
					mirrors.stream().mapToLong((mirror) -> mirror.state().relists() + 1).sum(),
					mirrors.stream().mapToLong((mirror) -> mirror.state().repairs()).sum(), oracle.published.get(),
					oracle.compared.get(), oracle.complaints.size()));
	}

	private static Future<?> every(ScheduledExecutorService threads, Duration pause, Runnable task) {
		return threads.scheduleWithFixedDelay(() -> {
			try {
				task.run();
			}
			catch (RuntimeException | Error ex) {
				logger.error("A task of the churn failed", ex);
				throw ex;
			}
		}, 0, pause.toMillis(), TimeUnit.MILLISECONDS);
	}

	private static EtcdConnection connection(String url) {
		EtcdProperties properties = new EtcdProperties(true, List.of(url), null, null, Duration.ofSeconds(1),
				Duration.ofMillis(700), Duration.ofSeconds(10), Duration.ofSeconds(5), DataSize.ofMegabytes(64), null,
				SslProperties.none());
		return new EtcdConnection(new EtcdClientFactory(properties, new PropertiesEtcdConnectionDetails(properties),
				List.of(), List.of()), Duration.ofMillis(700));
	}

	/**
	 * A service that nobody touches is there at any time.
	 */
	private void read(Consumer consumer, Oracle oracle) {
		if (consumer.catalog().instances("stable").size() != 1) {
			oracle.complain("a reader saw the stable service empty");
		}
	}

	private void torment(TcpProxy proxy, List<Mirror> mirrors, Oracle oracle) {
		Random random = new Random(this.seed);
		long start = System.nanoTime();
		while (System.nanoTime() - start < this.length.toNanos()) {
			switch (random.nextInt(100)) {
				case 0 -> {
					count("kill");
					etcd.cluster().kill();
					etcd.cluster().start();
				}
				case 1, 2 -> {
					count("freeze");
					etcd.cluster().pause();
					awaitLost(mirrors, random);
					etcd.cluster().resume();
				}
				case 3, 4 -> fault("drop upstream", proxy, proxy::dropUpstream, mirrors, random);
				case 5, 6 -> fault("drop downstream", proxy, proxy::dropDownstream, mirrors, random);
				case 7, 8 -> fault("blackhole", proxy, proxy::blackhole, mirrors, random);
				case 9, 10 -> fault("stall", proxy, proxy::stall, mirrors, random);
				case 11, 12, 13, 14, 15, 16 -> fault("refuse", proxy, proxy::cut, mirrors, random);
				case 17, 18 -> {
					count("silence");
					proxy.silenceConnections();
				}
				case 19, 20, 21 -> {
					count("compact");
					oracle.compact(mirrors);
				}
				case 22, 23 -> {
					count("compact while away");
					proxy.cut();
					awaitWrites(random.nextInt(50));
					oracle.compact(mirrors);
					proxy.heal();
				}
				case 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39 -> {
					count("cut in a message");
					proxy.cutAfterDownstreamBytes(random.nextInt(8000));
				}
				default -> {
					count("cut");
					proxy.cutConnections();
				}
			}
			// Often in the middle of the recovery, at times after it.
			if (random.nextInt(4) == 0) {
				awaitSynced(mirrors);
			}
			awaitWrites(random.nextInt(40));
		}
	}

	private void fault(String name, TcpProxy proxy, Runnable fault, List<Mirror> mirrors, Random random) {
		count(name);
		fault.run();
		awaitLost(mirrors, random);
		proxy.heal();
	}

	/**
	 * Until a mirror has noticed, or not even that. Some need not notice: a watch goes on
	 * while only requests are lost.
	 */
	private void awaitLost(List<Mirror> mirrors, Random random) {
		if (random.nextBoolean()) {
			long start = System.nanoTime();
			Awaitility.await()
				.pollInterval(Duration.ofMillis(5))
				.until(() -> mirrors.stream().anyMatch((mirror) -> !mirror.state().synced())
						|| System.nanoTime() - start > Duration.ofSeconds(1).toNanos());
		}
		else {
			awaitWrites(random.nextInt(10));
		}
	}

	private static void awaitSynced(List<Mirror> mirrors) {
		Awaitility.await()
			.atMost(Duration.ofSeconds(30))
			.pollInterval(Duration.ofMillis(5))
			.until(() -> mirrors.stream().allMatch((mirror) -> mirror.state().synced()));
	}

	/**
	 * Until so much was written, or for a moment: nobody writes while etcd is frozen.
	 */
	private void awaitWrites(int count) {
		long until = this.writes.get() + count;
		long start = System.nanoTime();
		Awaitility.await()
			.pollDelay(Duration.ZERO)
			.pollInterval(Duration.ofMillis(2))
			.until(() -> this.writes.get() >= until || System.nanoTime() - start > Duration.ofMillis(300).toNanos());
	}

	private void count(String fault) {
		this.faults.merge(fault, 1, Integer::sum);
	}

	/**
	 * Puts, deletes and lets expire, whenever etcd is there.
	 */
	private final class Writer {

		private final Random random;

		private long lease;

		Writer(Random random) {
			this.random = random;
		}

		void write() {
			if (!etcd.cluster().member(0).isRunning()) {
				return;
			}
			try {
				writeSomething(MirrorChurnIntegrationTests.this.admin);
				MirrorChurnIntegrationTests.this.writes.incrementAndGet();
			}
			catch (IllegalStateException ex) {
				// The lease has expired, or etcd has just died.
				this.lease = 0;
			}
		}

		private void writeSomething(EtcdAdmin admin) {
			String service = PREFIX + "service" + this.random.nextInt(SERVICES) + "/";
			String key = service + this.random.nextInt(INSTANCES);
			String address = "http://10.0.%d.%d:8080".formatted(this.random.nextInt(250), this.random.nextInt(250));
			switch (this.random.nextInt(20)) {
				case 0 -> this.lease = admin.grantLease(Duration.ofSeconds(2));
				case 1 -> admin.deletePrefix(service);
				case 2, 3, 4, 5 -> admin.delete(key);
				case 6, 7, 8 -> admin.put(key, address, this.lease);
				default -> admin.put(key, address);
			}
		}

	}

	/**
	 * A mirror with a connection and a loop of its own, whose every step is judged.
	 */
	private static final class Mirror implements SnapshotListener, AutoCloseable {

		private final EventLoop loop = new ThreadEventLoop("churned");

		private final EtcdConnection connection;

		private final Reflector reflector;

		private final Oracle oracle;

		private volatile Snapshot last = new Snapshot(0, 0, Map.of());

		Mirror(String url, Oracle oracle) {
			this.connection = connection(url);
			this.oracle = oracle;
			KeyRange range = KeyRange.prefix(PREFIX);
			this.reflector = new Reflector(range, new JetcdListerWatcher(this.connection, range), this.loop,
					new RetryDelays(Duration.ofMillis(500)),
					new MirrorTiming(Duration.ofMillis(500), Duration.ofMillis(300), Duration.ofSeconds(3)), this);
			this.reflector.start();
		}

		MirrorState state() {
			return this.reflector.state();
		}

		Snapshot last() {
			return this.last;
		}

		@Override
		public void published(Publication publication) {
			Snapshot last = this.last;
			Snapshot next = publication.snapshot();
			if (publication.reset() != Reset.NONE) {
				this.oracle.complain("a reset was declared from %d to %d".formatted(last.revision(), next.revision()));
			}
			if (next.revision() < last.revision()) {
				this.oracle.complain("revision %d was published after %d".formatted(next.revision(), last.revision()));
			}
			next.entries().forEach((key, entry) -> {
				Entry before = last.entries().get(key);
				if (before != null && entry.modRevision() < before.modRevision()) {
					this.oracle.complain(
							"%s went back from %d to %d".formatted(key, before.modRevision(), entry.modRevision()));
				}
			});
			if (!publication.changedKeys().containsAll(last.differences(next))) {
				this.oracle.complain("revision %d changed more keys than were told".formatted(next.revision()));
			}
			this.last = next;
			this.oracle.published(next);
		}

		@Override
		public void close() {
			this.reflector.close();
			this.loop.close();
			this.connection.close();
		}

	}

	/**
	 * Knows what etcd held at a revision, from etcd itself, over a connection that no
	 * fault touches.
	 */
	private static final class Oracle implements AutoCloseable {

		private final Queue<Snapshot> unjudged = new ConcurrentLinkedQueue<>();

		private final Map<Long, Map<String, Entry>> beforeCompaction = new ConcurrentHashMap<>();

		private final Set<String> complaints = ConcurrentHashMap.newKeySet();

		private final AtomicLong published = new AtomicLong();

		private final AtomicLong compared = new AtomicLong();

		/**
		 * What is compacted away while it is judged can't be read any more.
		 */
		private final ReentrantReadWriteLock compaction = new ReentrantReadWriteLock(true);

		private Client client = newClient();

		private static Client newClient() {
			return Client.builder()
				.endpoints(etcd.clientUrl())
				.waitForReady(false)
				.retryMaxAttempts(1)
				.maxInboundMessageSize(64 * 1024 * 1024)
				.build();
		}

		void published(Snapshot snapshot) {
			this.published.incrementAndGet();
			this.unjudged.add(snapshot);
		}

		void complain(String complaint) {
			logger.error("Churn: " + complaint);
			this.complaints.add(complaint);
		}

		void judge() {
			while (judgeNext()) {
				this.compared.incrementAndGet();
			}
		}

		private boolean judgeNext() {
			this.compaction.readLock().lock();
			try {
				Snapshot snapshot = this.unjudged.poll();
				if (snapshot == null) {
					return false;
				}
				Map<String, Entry> expected = this.beforeCompaction.get(snapshot.revision());
				if (expected == null) {
					expected = read(snapshot.revision());
				}
				if (!expected.equals(snapshot.entries())) {
					complain("revision %d differs in %s".formatted(snapshot.revision(),
							snapshot.differences(new Snapshot(0, 0, expected))));
				}
				return true;
			}
			finally {
				this.compaction.readLock().unlock();
			}
		}

		/**
		 * Compact up to now, having kept what may still be published.
		 */
		void compact(List<Mirror> mirrors) {
			this.compaction.writeLock().lock();
			try {
				long now = etcd.admin().revision();
				long lowest = Stream.concat(mirrors.stream().map(Mirror::last), this.unjudged.stream())
					.mapToLong(Snapshot::revision)
					.min()
					.orElse(now);
				this.beforeCompaction.keySet().removeIf((revision) -> revision < lowest);
				for (long revision = lowest; revision < now; revision++) {
					if (!this.beforeCompaction.containsKey(revision)) {
						this.beforeCompaction.put(revision, read(revision));
					}
				}
				etcd.admin().compact(now);
			}
			finally {
				this.compaction.writeLock().unlock();
			}
		}

		/**
		 * What etcd held.
		 * @param revision the revision, 0 for now
		 */
		Map<String, Entry> read(long revision) {
			GetOption option = GetOption.builder().isPrefix(true).withRevision(revision).build();
			return Awaitility.await()
				.pollInSameThread()
				.pollDelay(Duration.ZERO)
				.pollInterval(Duration.ofMillis(20))
				.atMost(Duration.ofSeconds(30))
				.ignoreExceptions()
				.until(() -> entries(get(option)), (entries) -> true);
		}

		private synchronized GetResponse get(GetOption option) throws Exception {
			try {
				return this.client.getKVClient()
					.get(ByteSequence.from(PREFIX, StandardCharsets.UTF_8), option)
					.get(2, TimeUnit.SECONDS);
			}
			catch (Exception ex) {
				this.client.close();
				this.client = newClient();
				throw ex;
			}
		}

		private static Map<String, Entry> entries(GetResponse response) {
			Map<String, Entry> entries = new TreeMap<>();
			for (KeyValue keyValue : response.getKvs()) {
				String key = keyValue.getKey().toString();
				entries.put(key, new Entry(key, keyValue.getValue().toString(), keyValue.getCreateRevision(),
						keyValue.getModRevision(), keyValue.getLease()));
			}
			return entries;
		}

		@Override
		public void close() {
			this.client.close();
		}

	}

}
