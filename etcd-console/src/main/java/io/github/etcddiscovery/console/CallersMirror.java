package io.github.etcddiscovery.console;

import java.time.Duration;
import java.util.List;
import java.util.Map;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.RetryDelays;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.ListerWatcher;
import io.github.etcddiscovery.watch.MirrorTiming;
import io.github.etcddiscovery.watch.Publication;
import io.github.etcddiscovery.watch.Reflector;
import io.github.etcddiscovery.watch.Snapshot;
import io.github.etcddiscovery.watch.SnapshotListener;
import org.jspecify.annotations.Nullable;

/**
 * Follows the announcements of which services applications call. Safe for use by any
 * thread.
 */
final class CallersMirror implements SnapshotListener, AutoCloseable {

	private final KeyRange range;

	private final Reflector reflector;

	private volatile Told told = new Told(0, false, Map.of(), "etcd has not been asked yet");

	private @Nullable Map<String, Entry> read;

	private Callers callers = Callers.NONE;

	/**
	 * Create a mirror that does nothing until it is started.
	 * @param range the keys of the announcements
	 * @param source lists and watches them
	 * @param loop the loop of the mirrors; not closed here
	 * @param timing when to check the watch
	 */
	CallersMirror(KeyRange range, ListerWatcher source, EventLoop loop, MirrorTiming timing) {
		this.range = range;
		this.reflector = new Reflector(range, source, loop, new RetryDelays(Duration.ofMinutes(1)), timing, this);
	}

	void start() {
		this.reflector.start();
	}

	void stop() {
		this.reflector.stop();
	}

	@Override
	public void close() {
		this.reflector.close();
	}

	@Override
	public void published(Publication publication) {
		Told last = this.told;
		Map<String, Entry> entries = publication.snapshot().entries();
		boolean changed = !entries.equals(last.entries);
		this.told = new Told(changed ? last.number + 1 : last.number, true, changed ? entries : last.entries, null);
	}

	@Override
	public void synced(Snapshot snapshot) {
		this.told = new Told(this.told.number, true, this.told.entries, null);
	}

	@Override
	public void failed(EtcdAccessException failure) {
		this.told = new Told(this.told.number, this.told.known, this.told.entries, failure.describe());
	}

	/**
	 * The answer to a page.
	 * @param after the number of the last answer, or {@code null}
	 */
	synchronized View view(@Nullable String after) {
		Told told = this.told;
		String number = Long.toString(told.number);
		return new View(number, told.known, told.failure, number.equals(after) ? null : callers(told).all());
	}

	/**
	 * The present callers.
	 */
	synchronized Callers callers() {
		return callers(this.told);
	}

	private Callers callers(Told told) {
		if (told.entries != this.read) {
			this.callers = Callers.of(this.range.key(), told.entries);
			this.read = told.entries;
		}
		return this.callers;
	}

	private record Told(long number, boolean known, Map<String, Entry> entries, @Nullable String failure) {
	}

	/**
	 * The answer to a page.
	 *
	 * @param number the number to send with the next request
	 * @param known whether etcd has been read
	 * @param failure why changes are not followed, or {@code null} while they are
	 * @param callers the callers, or {@code null} if they have not changed
	 */
	record View(String number, boolean known, @Nullable String failure, @Nullable List<Callers.Caller> callers) {
	}

}
