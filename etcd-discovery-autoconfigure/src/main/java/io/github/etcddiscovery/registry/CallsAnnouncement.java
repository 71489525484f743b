package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;

import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.lease.LeasedKeys;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tells others which services this application asks for: one key under the lease of the
 * process. It is there from the first look-up on, and a service is left out again when
 * nobody has asked for it in a while. Bounded, and written at most once a second. Safe
 * for use by any thread.
 */
public final class CallsAnnouncement {

	static final Duration INTERVAL = Duration.ofSeconds(1);

	static final int MAX_SERVICES = 500;

	static final int MAX_NAME_LENGTH = 200;

	private final LeasedKeys keys;

	private final EventLoop loop;

	private final Duration idleTimeout;

	private final Map<String, Long> asked = new ConcurrentHashMap<>();

	/**
	 * Of the loop.
	 */
	private @Nullable String key;

	/**
	 * Of the loop.
	 */
	private Set<String> announced = Set.of();

	/**
	 * Of the loop.
	 */
	private @Nullable Future<?> next;

	/**
	 * Create an announcement that takes note of look-ups, and tells nobody until it is
	 * started.
	 * @param keys keeps the key
	 * @param loop the loop of the lease; not closed here
	 * @param idleTimeout how long a service counts after it was last asked for
	 */
	public CallsAnnouncement(LeasedKeys keys, EventLoop loop, Duration idleTimeout) {
		this.keys = keys;
		this.loop = loop;
		this.idleTimeout = idleTimeout;
	}

	/**
	 * Take note that a service is asked for. Returns at once.
	 * @param service the name of the service
	 */
	public void asked(String service) {
		long now = this.loop.nanoTime();
		Long last = this.asked.get(service);
		if ((last != null) ? now - last >= INTERVAL.toNanos()
				: this.asked.size() < MAX_SERVICES && service.length() <= MAX_NAME_LENGTH) {
			this.asked.put(service, now);
		}
	}

	/**
	 * Begin to tell others.
	 * @param key the key to do so at, from now on
	 */
	public void start(String key) {
		this.loop.execute(() -> {
			if (this.key == null) {
				this.key = key;
				attend(key);
			}
		});
	}

	/**
	 * Begin again after a {@link #stop()}, at the same key.
	 */
	public void resume() {
		this.loop.execute(() -> {
			if (this.key != null && this.next == null) {
				attend(this.key);
			}
		});
	}

	/**
	 * Take the key out of etcd until it is resumed.
	 */
	public void stop() {
		this.loop.execute(this::pause);
	}

	private void pause() {
		if (this.next != null) {
			this.next.cancel(false);
			this.next = null;
		}
		if (this.key != null && !this.announced.isEmpty()) {
			this.announced = Set.of();
			this.keys.giveUp(this.key);
		}
	}

	/**
	 * Take the key out of etcd for good.
	 * @return completes when it is gone; fails when etcd could not be told, in which case
	 * it goes with the lease
	 */
	public CompletableFuture<Void> close() {
		stop();
		return this.keys.close();
	}

	private void attend(String key) {
		this.loop.assertInLoop();
		long now = this.loop.nanoTime();
		this.asked.values().removeIf((at) -> now - at > this.idleTimeout.toNanos());
		Set<String> calls = new TreeSet<>(this.asked.keySet());
		if (!calls.equals(this.announced)) {
			this.announced = calls;
			if (calls.isEmpty()) {
				this.keys.giveUp(key);
			}
			else {
				// Nobody else has this id, so what stands there was left by this instance
				this.keys.keep(key, JsonMapper.shared().writeValueAsString(Map.of("calls", calls)), (other) -> true,
						false);
			}
		}
		this.next = this.loop.schedule(() -> attend(key), INTERVAL);
	}

}
