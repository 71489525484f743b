package io.github.etcddiscovery.client;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.OptionsUtil;
import io.etcd.jetcd.options.WatchOption;
import io.etcd.jetcd.watch.WatchEvent;
import io.etcd.jetcd.watch.WatchResponse;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.watch.Batch;
import io.github.etcddiscovery.watch.Change;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.Position;
import io.github.etcddiscovery.watch.Snapshot;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Lists and watches a range of keys with jetcd. A list comes in pages that are all read
 * at the revision of the first one.
 */
public final class JetcdListerWatcher implements ListerWatcher {

	private static final Log logger = LogFactory.getLog(JetcdListerWatcher.class);

	/**
	 * 5,000 entries of some hundred bytes stay well below gRPC's own limit of 4 MiB.
	 */
	private static final long PAGE_SIZE = 5000;

	/**
	 * Three times what is read as an instance, so that what is cut is still too large.
	 */
	private static final int LARGEST_VALUE = 200 * 1024;

	private final EtcdConnection connection;

	private final KeyRange range;

	private final ByteSequence key;

	private final ByteSequence end;

	/**
	 * Create a lister-watcher.
	 * @param connection the connection
	 * @param range the keys
	 */
	public JetcdListerWatcher(EtcdConnection connection, KeyRange range) {
		this.connection = connection;
		this.range = range;
		this.key = EtcdClientFactory.bytes(range.key());
		this.end = range.prefix() ? OptionsUtil.prefixEndOf(this.key) : after(this.key);
	}

	@Override
	public CompletableFuture<Snapshot> list() {
		return page(this.key, 0).thenCompose((first) -> {
			Snapshot snapshot = new Snapshot(first.getHeader().getClusterId(), first.getHeader().getRevision(),
					new HashMap<>());
			return collect(first, snapshot.revision(), new HashMap<>())
				.thenApply((entries) -> new Snapshot(snapshot.clusterId(), snapshot.revision(), entries));
		});
	}

	private CompletableFuture<Map<String, Entry>> collect(GetResponse page, long revision, Map<String, Entry> entries) {
		page.getKvs().forEach((keyValue) -> {
			Entry entry = entry(keyValue);
			entries.put(entry.key(), entry);
		});
		if (!page.isMore() || page.getKvs().isEmpty()) {
			return CompletableFuture.completedFuture(entries);
		}
		ByteSequence last = page.getKvs().get(page.getKvs().size() - 1).getKey();
		return page(after(last), revision).thenCompose((next) -> collect(next, revision, entries));
	}

	private CompletableFuture<GetResponse> page(ByteSequence from, long revision) {
		GetOption option = GetOption.builder()
			.withRange(this.end)
			.withLimit(PAGE_SIZE)
			.withRevision(revision)
			.withKeysOnly(this.range.keysOnly())
			.build();
		return this.connection.read((client) -> client.getKVClient().get(from, option));
	}

	@Override
	public CompletableFuture<Position> position() {
		GetOption option = GetOption.builder().withCountOnly(true).build();
		return this.connection.read((client) -> client.getKVClient().get(this.key, option))
			.thenApply((response) -> new Position(response.getHeader().getClusterId(),
					response.getHeader().getRevision()));
	}

	/**
	 * Nothing was written since and there are as many keys: then they are the same.
	 */
	@Override
	public CompletableFuture<Boolean> differs(Snapshot mirror) {
		GetOption option = GetOption.builder()
			.withRange(this.end)
			.withMinModRevision(mirror.revision() + 1)
			.withKeysOnly(true)
			.withLimit(1)
			.build();
		return this.connection.read((client) -> client.getKVClient().get(this.key, option))
			.thenApply((response) -> !response.getKvs().isEmpty() || response.getCount() != mirror.entries().size());
	}

	@Override
	public Watch watch(long fromRevision, Handler handler) {
		WatchOption option = WatchOption.builder()
			.withRange(this.end)
			.withRevision(fromRevision)
			.withRequireLeader(true)
			.withCreateNotify(true)
			.build();
		try {
			Client client = this.connection.client();
			io.etcd.jetcd.Watch.Watcher watcher = client.getWatchClient()
				.watch(this.key, option, new Listener(handler));
			return new RunningWatch(watcher, this.connection.onRenewal(handler::renewed),
					() -> this.connection.shun(client));
		}
		catch (RuntimeException ex) {
			handler.failed(this.connection.translate(ex));
			return new RunningWatch(null, () -> {
			}, () -> {
			});
		}
	}

	private static ByteSequence after(ByteSequence key) {
		return key.concat(ByteSequence.from(new byte[] { 0 }));
	}

	static Entry entry(KeyValue keyValue) {
		return new Entry(key(keyValue.getKey()), value(keyValue.getValue()), keyValue.getCreateRevision(),
				keyValue.getModRevision(), keyValue.getLease());
	}

	/**
	 * Keys that are not UTF-8 are of no use, but two of them must not become one.
	 */
	private static String key(ByteSequence bytes) {
		String text = bytes.toString(StandardCharsets.UTF_8);
		return (text.indexOf('\uFFFD') < 0) ? text : text + HexFormat.of().formatHex(bytes.getBytes());
	}

	/**
	 * What is far too large for an instance is cut, and not kept for as long as it stands
	 * in etcd.
	 */
	private static String value(ByteSequence bytes) {
		return (bytes.size() <= LARGEST_VALUE) ? bytes.toString(StandardCharsets.UTF_8)
				: new String(bytes.getBytes(), 0, LARGEST_VALUE, StandardCharsets.UTF_8);
	}

	@Override
	public String toString() {
		return this.range.toString();
	}

	/**
	 * A watcher of jetcd's, or none if it could not be had.
	 */
	private record RunningWatch(io.etcd.jetcd.Watch.@Nullable Watcher watcher, Runnable unregistration,
			Runnable shunning) implements Watch {

		@Override
		public void requestProgress() {
			if (this.watcher == null) {
				return;
			}
			try {
				this.watcher.requestProgress();
			}
			catch (RuntimeException ex) {
				// The stream has just ended, as the listener is told.
				logger.trace("No progress can be requested", ex);
			}
		}

		@Override
		public void shun() {
			// Whoever shuns it need not be told
			this.unregistration.run();
			this.shunning.run();
		}

		@Override
		public void close() {
			this.unregistration.run();
			if (this.watcher != null) {
				this.watcher.close();
			}
		}

	}

	/**
	 * Hands on what jetcd tells. An exception here would end the watch without a word, so
	 * there is none.
	 */
	private final class Listener implements io.etcd.jetcd.Watch.Listener {

		private final Handler handler;

		Listener(Handler handler) {
			this.handler = handler;
		}

		@Override
		public void onNext(WatchResponse response) {
			try {
				long clusterId = response.getHeader().getClusterId();
				long revision = response.getHeader().getRevision();
				if (response.isCreatedNotify()) {
					this.handler.created(clusterId, revision);
				}
				else if (response.getEvents().isEmpty()) {
					this.handler.alive(clusterId, revision);
				}
				else {
					this.handler.changed(new Batch(clusterId, revision, changes(response.getEvents())));
				}
			}
			catch (RuntimeException ex) {
				onError(ex);
			}
		}

		private List<Change> changes(List<WatchEvent> events) {
			List<Change> changes = new ArrayList<>(events.size());
			for (WatchEvent event : events) {
				Entry entry = entry(event.getKeyValue());
				if (JetcdListerWatcher.this.range.keysOnly()) {
					// etcd's watch can't leave them out, but they need not be kept.
					entry = new Entry(entry.key(), "", entry.createRevision(), entry.modRevision(), entry.lease());
				}
				changes.add((event.getEventType() == WatchEvent.EventType.DELETE)
						? Change.delete(entry.key(), entry.modRevision()) : Change.put(entry));
			}
			return changes;
		}

		@Override
		public void onError(Throwable failure) {
			this.handler.failed(JetcdListerWatcher.this.connection.translate(failure));
		}

		@Override
		public void onCompleted() {
			this.handler.failed(new EtcdAccessException(Kind.CANCELLED, "etcd ended the watch", null));
		}

	}

}
