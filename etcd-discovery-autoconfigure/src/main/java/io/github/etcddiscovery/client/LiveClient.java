package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

import io.etcd.jetcd.Client;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;

/**
 * A client and the answers that it owes. jetcd may forget a request that is made just
 * when its client is closed: its future would never complete. Here each one does.
 */
final class LiveClient implements AutoCloseable {

	private final Client client;

	private final ContactInterceptor contact;

	private final Set<CompletableFuture<?>> owed = ConcurrentHashMap.newKeySet();

	private volatile boolean closed;

	LiveClient(Client client, ContactInterceptor contact) {
		this.client = client;
		this.contact = contact;
	}

	Client client() {
		return this.client;
	}

	/**
	 * How long it has been without contact.
	 */
	Duration lost() {
		return Duration.ofNanos(this.contact.lostForNanos());
	}

	<T> CompletableFuture<T> ask(Function<Client, CompletableFuture<T>> request) {
		CompletableFuture<T> answer = request.apply(this.client).copy();
		this.owed.add(answer);
		answer.whenComplete((result, failure) -> this.owed.remove(answer));
		if (this.closed) {
			fail(answer);
		}
		return answer;
	}

	@Override
	public void close() {
		this.client.close();
		this.closed = true;
		this.owed.forEach(LiveClient::fail);
	}

	private static void fail(CompletableFuture<?> answer) {
		answer.completeExceptionally(
				new EtcdAccessException(Kind.CANCELLED, "the connection to etcd was closed meanwhile", null));
	}

}
