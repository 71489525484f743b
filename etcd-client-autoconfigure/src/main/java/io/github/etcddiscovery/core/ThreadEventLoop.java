package io.github.etcddiscovery.core;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionHandler;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * The {@link EventLoop} used in production: a named daemon thread. It starts with the
 * first task, and ends when there was none for half a minute, until the next one.
 */
public final class ThreadEventLoop implements EventLoop {

	private static final Log logger = LogFactory.getLog(ThreadEventLoop.class);

	private static final Duration REST = Duration.ofSeconds(30);

	private static final RejectedExecutionHandler DROP = new ThreadPoolExecutor.DiscardPolicy();

	private final ScheduledThreadPoolExecutor executor;

	private volatile @Nullable Thread thread;

	/**
	 * Create a loop.
	 * @param name the name of the thread
	 */
	public ThreadEventLoop(String name) {
		this.executor = new ScheduledThreadPoolExecutor(1, (task) -> {
			Thread created = new Thread(task, name);
			created.setDaemon(true);
			this.thread = created;
			return created;
		}, DROP);
		this.executor.setKeepAliveTime(REST.toNanos(), TimeUnit.NANOSECONDS);
		this.executor.allowCoreThreadTimeOut(true);
		this.executor.setRemoveOnCancelPolicy(true);
		this.executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
	}

	@Override
	public void execute(Runnable task) {
		this.executor.execute(guarded(task));
	}

	@Override
	public Future<?> schedule(Runnable task, Duration delay) {
		return this.executor.schedule(guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS);
	}

	@Override
	public long nanoTime() {
		return System.nanoTime();
	}

	@Override
	public boolean inLoop() {
		return Thread.currentThread() == this.thread;
	}

	@Override
	public void close() {
		this.executor.shutdownNow();
	}

	/**
	 * An exception here is a bug of ours: it is logged, and it must not end the loop.
	 */
	private static Runnable guarded(Runnable task) {
		return () -> {
			try {
				task.run();
			}
			catch (RuntimeException | Error ex) {
				logger.error("A task of " + Thread.currentThread().getName() + " failed", ex);
			}
		};
	}

}
