package io.github.etcddiscovery.proof;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import org.springframework.core.NestedExceptionUtils;

/**
 * What one client has seen. Safe for use by any thread.
 */
final class Tally {

	private final String client;

	private final boolean repeats;

	private final AtomicLong attempts = new AtomicLong();

	private final Map<String, Long> answersByInstance = new HashMap<>();

	private final Map<String, Kind> failures = new LinkedHashMap<>();

	private long begunAt;

	private long requests;

	private long answers;

	private long failed;

	private long lastAnswerAt;

	private long longestGap;

	private long slowest;

	/**
	 * Create an empty tally.
	 * @param client what calls
	 * @param repeats whether it can make a call again that a crash has cut off
	 */
	Tally(String client, boolean repeats) {
		this.client = client;
		this.repeats = repeats;
	}

	String client() {
		return this.client;
	}

	synchronized void begin() {
		this.attempts.set(0);
		this.begunAt = System.nanoTime();
		this.lastAnswerAt = this.begunAt;
	}

	/**
	 * A request is made; it may take several attempts.
	 */
	synchronized void requested() {
		this.requests++;
	}

	/**
	 * A request leaves for one instance.
	 */
	void attempted() {
		this.attempts.incrementAndGet();
	}

	synchronized void answered(String instance, long due) {
		long now = System.nanoTime();
		this.answers++;
		this.answersByInstance.merge(instance, 1L, Long::sum);
		this.slowest = Math.max(this.slowest, now - due);
		endGap(now);
	}

	private void endGap(long now) {
		this.longestGap = Math.max(this.longestGap, now - this.lastAnswerAt);
		this.lastAnswerAt = now;
	}

	synchronized void failed(Throwable failure) {
		this.failed++;
		Throwable cause = NestedExceptionUtils.getMostSpecificCause(failure);
		long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - this.begunAt);
		this.failures.merge(cause.getClass().getSimpleName() + ": " + cause.getMessage(), new Kind(1, millis, millis),
				Kind::and);
	}

	synchronized void end() {
		endGap(System.nanoTime());
	}

	synchronized long inFlight() {
		return this.requests - this.answers - this.failed;
	}

	/**
	 * How often an instance has answered.
	 */
	synchronized long answersOf(String instance) {
		return this.answersByInstance.getOrDefault(instance, 0L);
	}

	synchronized Result result() {
		List<String> kinds = new ArrayList<>();
		this.failures.forEach((what, kind) -> kinds.add("%d x %s, between %.1f s and %.1f s".formatted(kind.count, what,
				kind.firstMillis / 1000.0, kind.lastMillis / 1000.0)));
		return new Result(this.client, this.repeats, this.requests, this.failed,
				Math.max(0, this.attempts.get() - this.requests), TimeUnit.NANOSECONDS.toMillis(this.longestGap),
				TimeUnit.NANOSECONDS.toMillis(this.slowest), kinds);
	}

	private record Kind(long count, long firstMillis, long lastMillis) {

		Kind and(Kind later) {
			return new Kind(this.count + later.count, this.firstMillis, later.lastMillis);
		}

	}

	/**
	 * The result of one client in one scenario.
	 *
	 * @param client the client
	 * @param repeats whether it can make a call again that a crash has cut off
	 * @param requests how many were made
	 * @param failures how many of them failed
	 * @param retries how many attempts there were beyond one for each request
	 * @param longestGapMillis the longest time without an answer
	 * @param slowestMillis the longest time from when a request was due to its answer
	 * @param kinds what failed, how often and when
	 */
	record Result(String client, boolean repeats, long requests, long failures, long retries, long longestGapMillis,
			long slowestMillis, List<String> kinds) {

	}

}
