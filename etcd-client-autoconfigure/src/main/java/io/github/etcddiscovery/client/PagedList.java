package io.github.etcddiscovery.client;

import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
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
import org.pcollections.TreePMap;

/**
 * Reads a range in pages, all at the requested revision or at that of the first page. A
 * page that turns out too large to accept is requested again with fewer keys; after each
 * page that arrives, the next one may have more. If a single value is too large, only its
 * key is read. One page is requested at a time; while it is under way, the previous page
 * is converted, on a thread that has the time.
 */
final class PagedList {

	/**
	 * 5,000 entries of some hundred bytes stay well below gRPC's own limit of 4 MiB.
	 */
	static final long LARGEST_PAGE = 5000;

	/**
	 * Down to which size a page that timed out is made smaller. It may have been too
	 * large for the network, or etcd may be away.
	 */
	private static final long SMALLEST_LATE_PAGE = 50;

	/**
	 * With default limits a page of this size is always accepted, even if every value has
	 * the largest size that etcd takes, 1.5 MiB. A page that was refused goes straight to
	 * this size, because etcd collects each page in full before it is refused here.
	 */
	private static final long SAFE_PAGE = 16;

	/**
	 * After a page up to this size, the next one may have more keys.
	 */
	private static final int SMALL_PAGE_BYTES = 1024 * 1024;

	private static final long GROWTH = 4;

	/**
	 * A page up to this size is converted where it arrives.
	 */
	private static final int TINY_PAGE_BYTES = 16 * 1024;

	private final Function<RangeRequest, CompletableFuture<RangeResponse>> etcd;

	private final Executor converter;

	private final RangeRequest range;

	private final Function<KeyValue, Entry> reader;

	private final Function<KeyValue, Entry> keyReader;

	/**
	 * The entries of the pages that were converted so far. Confined to the conversions,
	 * which run one after another.
	 */
	private final TreeMap<String, Entry> entries = new TreeMap<>();

	private CompletableFuture<Void> converted = CompletableFuture.completedFuture(null);

	private volatile long pageSize;

	private @Nullable ResponseHeader first;

	private boolean late;

	/**
	 * Create a list.
	 * @param etcd requests a page
	 * @param converter runs the conversion of pages that are not tiny
	 * @param range the range to read, without a limit; without a revision, the current
	 * one is read
	 * @param reader converts a key with its value
	 * @param keyReader converts a key whose value is too large to read
	 * @param pageSize how many keys to request first
	 */
	PagedList(Function<RangeRequest, CompletableFuture<RangeResponse>> etcd, Executor converter, RangeRequest range,
			Function<KeyValue, Entry> reader, Function<KeyValue, Entry> keyReader, long pageSize) {
		this.etcd = etcd;
		this.converter = converter;
		this.range = range;
		this.reader = reader;
		this.keyReader = keyReader;
		this.pageSize = pageSize;
	}

	/**
	 * Read all pages. Must be called only once.
	 */
	CompletableFuture<Snapshot> read() {
		return page(this.range.getKey(), false);
	}

	/**
	 * How many keys the next list should request first.
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
		Executor converter = (page.getSerializedSize() > TINY_PAGE_BYTES) ? this.converter : Runnable::run;
		CompletableFuture<Void> begin = new CompletableFuture<>();
		this.converted = this.converted.runAfterBothAsync(begin, () -> convert(page, reader), converter);
		CompletableFuture<Snapshot> snapshot = (page.getMore() && page.getKvsCount() > 0) ? pageAfter(page)
				: this.converted.thenApply((done) -> new Snapshot(first.getClusterId(), revision(first),
						TreePMap.fromSortedMap(this.entries)));
		// After the request of the next page, so that both overlap
		begin.complete(null);
		return snapshot;
	}

	private CompletableFuture<Snapshot> pageAfter(RangeResponse page) {
		if (!this.late && page.getSerializedSize() < SMALL_PAGE_BYTES) {
			this.pageSize = Math.min(LARGEST_PAGE, this.pageSize * GROWTH);
		}
		return page(JetcdListerWatcher.after(page.getKvs(page.getKvsCount() - 1).getKey()), false);
	}

	private void convert(RangeResponse page, Function<KeyValue, Entry> reader) {
		for (KeyValue keyValue : page.getKvsList()) {
			Entry entry = reader.apply(keyValue);
			this.entries.put(entry.key(), entry);
		}
	}

	private long revision(ResponseHeader first) {
		return (this.range.getRevision() > 0) ? this.range.getRevision() : first.getRevision();
	}

}
