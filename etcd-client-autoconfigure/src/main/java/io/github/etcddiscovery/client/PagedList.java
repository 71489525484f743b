package io.github.etcddiscovery.client;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.ResponseHeader;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.Snapshot;
import org.jspecify.annotations.Nullable;
import org.pcollections.PSortedMap;
import org.pcollections.TreePMap;

/**
 * Reads a range in pages that are all of the revision of the first one, or of the one
 * that is asked for. What others write may make a page larger than is accepted: then it
 * is asked for again with fewer keys, and each one that comes lets the next have more. Of
 * a value that is too large by itself the key is read alone. One page is asked for at a
 * time, and while it is under way the one before is read.
 */
final class PagedList {

	/**
	 * 5,000 entries of some hundred bytes stay well below gRPC's own limit of 4 MiB.
	 */
	static final long LARGEST_PAGE = 5000;

	/**
	 * A page that does not come in time may have been too large for the network, or
	 * nobody may be there.
	 */
	private static final long SMALLEST_LATE_PAGE = 50;

	/**
	 * So many values of the largest size that etcd takes by default, 1.5 MiB, are always
	 * accepted by default. There is nothing between: etcd collects all of a page before
	 * it is refused here.
	 */
	private static final long SAFE_PAGE = 16;

	/**
	 * A page up to this size lets the next one have more keys.
	 */
	private static final int SMALL_PAGE_BYTES = 1024 * 1024;

	private static final long GROWTH = 4;

	private final Function<RangeRequest, CompletableFuture<RangeResponse>> etcd;

	private final RangeRequest range;

	private final Function<KeyValue, Entry> reader;

	private final Function<KeyValue, Entry> keyReader;

	/**
	 * What the pages hold that have come so far, once all of them are read.
	 */
	private CompletableFuture<PSortedMap<String, Entry>> entries = CompletableFuture.completedFuture(TreePMap.empty());

	private volatile long pageSize;

	private @Nullable ResponseHeader first;

	private boolean late;

	/**
	 * Create a list.
	 * @param etcd reads a page
	 * @param range what to read, without a limit; without a revision what is true now
	 * @param reader reads an entry
	 * @param keyReader makes an entry of a key whose value is too large to be read
	 * @param pageSize how many keys to ask for first
	 */
	PagedList(Function<RangeRequest, CompletableFuture<RangeResponse>> etcd, RangeRequest range,
			Function<KeyValue, Entry> reader, Function<KeyValue, Entry> keyReader, long pageSize) {
		this.etcd = etcd;
		this.range = range;
		this.reader = reader;
		this.keyReader = keyReader;
		this.pageSize = pageSize;
	}

	/**
	 * Read all pages. To be called once.
	 */
	CompletableFuture<Snapshot> read() {
		return page(this.range.getKey(), false);
	}

	/**
	 * How many keys the next list should ask for first.
	 */
	long pageSize() {
		return this.pageSize;
	}

	private CompletableFuture<Snapshot> page(ByteString from, boolean unreadable) {
		ResponseHeader first = this.first;
		RangeRequest request = this.range.toBuilder()
			.setKey(from)
			.setLimit(this.pageSize)
			.setKeysOnly(unreadable || this.range.getKeysOnly())
			.setRevision((first != null) ? revision(first) : this.range.getRevision())
			.build();
		return this.etcd.apply(request).handle((page, failure) -> {
			if (failure != null) {
				return failed(from, EtcdAccessException.of(failure));
			}
			return add(page, unreadable ? this.keyReader : this.reader);
		}).thenCompose(Function.identity());
	}

	private CompletableFuture<Snapshot> failed(ByteString from, EtcdAccessException failure) {
		if (failure.getKind() == Kind.TOO_LARGE && this.pageSize > 1) {
			this.pageSize = (this.pageSize > SAFE_PAGE) ? SAFE_PAGE : 1;
			return page(from, false);
		}
		if (failure.getKind() == Kind.TOO_LARGE) {
			return page(from, true);
		}
		if (failure.getKind() == Kind.TIMED_OUT && this.pageSize > SMALLEST_LATE_PAGE) {
			this.late = true;
			this.pageSize = Math.max(SMALLEST_LATE_PAGE, this.pageSize / GROWTH);
			if (this.first != null) {
				return page(from, false);
			}
		}
		return CompletableFuture.failedFuture(failure);
	}

	private CompletableFuture<Snapshot> add(RangeResponse page, Function<KeyValue, Entry> reader) {
		ResponseHeader header = page.getHeader();
		ResponseHeader first = (this.first != null) ? this.first : header;
		this.first = first;
		if (header.getClusterId() != first.getClusterId()) {
			return CompletableFuture.failedFuture(
					new EtcdAccessException(Kind.INCOHERENT, "the pages of a list come from two clusters", null));
		}
		CompletableFuture<List<Entry>> read = new CompletableFuture<>();
		this.entries = this.entries.thenCombine(read, PagedList::plus);
		CompletableFuture<Snapshot> snapshot = (page.getMore() && page.getKvsCount() > 0) ? pageAfter(page)
				: this.entries.thenApply((entries) -> new Snapshot(first.getClusterId(), revision(first), entries));
		// Now that the next page is under way
		try {
			read.complete(page.getKvsList().stream().map(reader).toList());
		}
		catch (RuntimeException | Error ex) {
			read.completeExceptionally(ex);
		}
		return snapshot;
	}

	private CompletableFuture<Snapshot> pageAfter(RangeResponse page) {
		if (!this.late && page.getSerializedSize() < SMALL_PAGE_BYTES) {
			this.pageSize = Math.min(LARGEST_PAGE, this.pageSize * GROWTH);
		}
		return page(JetcdListerWatcher.after(page.getKvs(page.getKvsCount() - 1).getKey()), false);
	}

	private static PSortedMap<String, Entry> plus(PSortedMap<String, Entry> entries, List<Entry> page) {
		PSortedMap<String, Entry> all = entries;
		for (Entry entry : page) {
			all = all.plus(entry.key(), entry);
		}
		return all;
	}

	private long revision(ResponseHeader first) {
		return (this.range.getRevision() > 0) ? this.range.getRevision() : first.getRevision();
	}

}
