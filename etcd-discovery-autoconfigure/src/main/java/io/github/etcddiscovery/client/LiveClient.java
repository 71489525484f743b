package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

import io.etcd.jetcd.Client;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import org.jspecify.annotations.Nullable;

/**
 * A client and the answers that it owes. jetcd may forget a request that is made just
 * when its client is closed: its future would never complete. Here each one does.
 */
final class LiveClient implements AutoCloseable {

	private final Client client;

	private final ContactInterceptor contact;

	private final Set<CompletableFuture<?>> owed = ConcurrentHashMap.newKeySet();

	private volatile @Nullable EtcdAccessException end;

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

	/**
	 * Ask something. Once the client was closed, whatever goes wrong does so for the
	 * reason for which it was closed, in the words of which jetcd knows nothing.
	 */
	<T> CompletableFuture<T> ask(Function<Client, CompletableFuture<T>> request) {
		CompletableFuture<T> answer = new CompletableFuture<>();
		this.owed.add(answer);
		answer.whenComplete((result, failure) -> this.owed.remove(answer));
		try {
			request.apply(this.client).whenComplete((result, failure) -> {
				if (failure != null) {
					fail(answer, failure);
				}
				else {
					answer.complete(result);
				}
			});
		}
		catch (RuntimeException ex) {
			fail(answer, ex);
		}
		EtcdAccessException end = this.end;
		if (end != null) {
			answer.completeExceptionally(end);
		}
		return answer;
	}

	private void fail(CompletableFuture<?> answer, Throwable failure) {
		EtcdAccessException end = this.end;
		answer.completeExceptionally((end != null) ? end : failure);
	}

	@Override
	public void close() {
		close(new EtcdAccessException(Kind.CANCELLED, "the connection to etcd was closed meanwhile", null));
	}

	/**
	 * Close it because of what one of its requests failed with: so do the others, before
	 * jetcd calls them cancelled.
	 * @param reason what they fail with
	 */
	void close(EtcdAccessException reason) {
		this.end = reason;
		this.owed.forEach((answer) -> answer.completeExceptionally(reason));
		this.client.close();
		// Those that were being made meanwhile
		this.owed.forEach((answer) -> answer.completeExceptionally(reason));
	}

}
