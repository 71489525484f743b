package io.github.etcddiscovery.client;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.ResponseHeader;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.Snapshot;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link PagedList}.
 */
class PagedListTests {

	private final TreeMap<String, Integer> sizes = new TreeMap<>();

	private final List<RangeRequest> requests = new ArrayList<>();

	private final List<Long> clusters = new ArrayList<>(List.of(1L));

	private int limit = 1000;

	private Kind failure = Kind.TOO_LARGE;

	@Test
	void readsSmallKeysInOnePage() {
		keys("a", 100, 1);
		assertThat(read().entries()).hasSize(100);
		assertThat(this.requests).hasSize(1);
		assertThat(this.requests.get(0).getLimit()).isEqualTo(PagedList.LARGEST_PAGE);
		assertThat(this.requests.get(0).getRevision()).isZero();
	}

	@Test
	void pageShrinksUntilItFitsAndGrowsAgain() {
		keys("a", 50, 1);
		keys("m", 50, 100);
		keys("z", 2000, 0);
		PagedList list = list(PagedList.LARGEST_PAGE);
		assertThat(list.read().join().entries()).hasSize(2100)
			.allSatisfy((key, entry) -> assertThat(entry.value()).isEqualTo("read"));
		assertThat(this.requests).hasSizeLessThan(75);
		assertThat(this.requests.stream().skip(3).map(RangeRequest::getRevision).distinct()).contains(7L);
		assertThat(list.pageSize()).isGreaterThanOrEqualTo(500);
	}

	@Test
	void valueThatIsTooLargeByItselfCostsItsOwnKey() {
		keys("a", 3, 10);
		this.sizes.put("b", 5000);
		keys("c", 3, 10);
		Map<String, Entry> entries = read().entries();
		assertThat(entries).hasSize(7);
		entries.forEach((key, entry) -> assertThat(entry.value()).isEqualTo(key.equals("b") ? "unreadable" : "read"));
	}

	@Test
	void listThatDoesNotComeInTimeIsReadInSmallerPagesTheNextTime() {
		keys("a", 1000, 1);
		this.limit = 310;
		this.failure = Kind.TIMED_OUT;
		PagedList list = list(PagedList.LARGEST_PAGE);
		assertThat(list.read()).isCompletedExceptionally();
		assertThat(this.requests).hasSize(1);
		list = list(list.pageSize());
		assertThat(list.read()).isCompletedExceptionally();
		list = list(list.pageSize());
		assertThat(list.read()).isCompletedExceptionally();
		this.requests.clear();
		list = list(list.pageSize());
		assertThat(list.read().join().entries()).hasSize(1000);
		assertThat(this.requests.stream().map(RangeRequest::getLimit)).startsWith(78L, 312L, 78L, 78L);
	}

	@Test
	void pagesOfTwoClustersAreNoList() {
		keys("a", (int) PagedList.LARGEST_PAGE + 1, 0);
		this.clusters.add(2L);
		assertThat(list(PagedList.LARGEST_PAGE).read()).isCompletedExceptionally();
	}

	@Test
	void nextPageIsUnderWayWhileAPageIsRead() {
		keys("a", (int) PagedList.LARGEST_PAGE + 1, 0);
		List<Integer> requested = Collections.synchronizedList(new ArrayList<>());
		new PagedList((request) -> {
			CompletableFuture<RangeResponse> answer = answer(request);
			return (this.requests.size() > 1) ? answer.thenApplyAsync((page) -> page) : answer;
		}, Runnable::run, RangeRequest.newBuilder().setKey(ByteString.copyFromUtf8("a")).setSerializable(true).build(),
				(keyValue) -> {
					requested.add(this.requests.size());
					return new Entry(keyValue.getKey().toStringUtf8(), "", 1, 1, 0);
				}, (keyValue) -> new Entry("", "", 1, 1, 0), PagedList.LARGEST_PAGE)
			.read()
			.join();
		assertThat(requested).hasSize((int) PagedList.LARGEST_PAGE + 1).containsOnly(2);
	}

	@Test
	void pagesAreReadWhereThereIsTimeForIt() {
		keys("a", 2 * (int) PagedList.LARGEST_PAGE + 1, 0);
		Queue<Runnable> work = new ArrayDeque<>();
		CompletableFuture<Snapshot> snapshot = list(PagedList.LARGEST_PAGE, work::add).read();
		assertThat(this.requests).as("none waits for the reading of another").hasSize(3);
		assertThat(snapshot).isNotDone();
		while (!work.isEmpty()) {
			work.remove().run();
		}
		assertThat(snapshot.join().entries()).hasSize(2 * (int) PagedList.LARGEST_PAGE + 1);
	}

	private void keys(String beginning, int count, int size) {
		for (int i = 0; i < count; i++) {
			this.sizes.put("%s%04d".formatted(beginning, i), size);
		}
	}

	private Snapshot read() {
		return list(PagedList.LARGEST_PAGE).read().join();
	}

	private PagedList list(long pageSize) {
		return list(pageSize, Runnable::run);
	}

	private PagedList list(long pageSize, Executor converter) {
		return new PagedList(this::answer, converter,
				RangeRequest.newBuilder().setKey(ByteString.copyFromUtf8("a")).setSerializable(true).build(),
				(keyValue) -> new Entry(keyValue.getKey().toStringUtf8(), "read", 1, 1, 0),
				(keyValue) -> new Entry(keyValue.getKey().toStringUtf8(), "unreadable", 1, 1, 0), pageSize);
	}

	private CompletableFuture<RangeResponse> answer(RangeRequest request) {
		this.requests.add(request);
		assertThat(request.getSerializable()).isTrue();
		RangeResponse.Builder response = RangeResponse.newBuilder();
		int size = 0;
		for (Map.Entry<String, Integer> key : this.sizes.tailMap(request.getKey().toStringUtf8()).entrySet()) {
			if (response.getKvsCount() == request.getLimit()) {
				response.setMore(true);
				break;
			}
			response.addKvs(KeyValue.newBuilder().setKey(ByteString.copyFromUtf8(key.getKey())));
			size += request.getKeysOnly() ? 0 : key.getValue();
		}
		if (size > this.limit) {
			return CompletableFuture.failedFuture(new EtcdAccessException(this.failure, "failed", null));
		}
		long cluster = (this.clusters.size() > 1) ? this.clusters.remove(0) : this.clusters.get(0);
		return CompletableFuture.completedFuture(
				response.setHeader(ResponseHeader.newBuilder().setClusterId(cluster).setRevision(7)).build());
	}

}
