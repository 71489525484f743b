package io.github.etcddiscovery.probe;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Probes addresses by connecting over TCP, a few at a time, on threads of its own that
 * end when idle. An address that does not fit into the queue is answered with
 * {@link Answer#UNKNOWN}.
 */
public final class TcpAddressProbe implements AddressProbe, AutoCloseable {

	private static final int THREADS = 16;

	private static final int QUEUE = 1000;

	private static final Duration TIMEOUT = Duration.ofSeconds(1);

	private final ThreadPoolExecutor executor;

	/**
	 * Create a probe. Its threads start when they are needed.
	 */
	public TcpAddressProbe() {
		this.executor = new ThreadPoolExecutor(THREADS, THREADS, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(QUEUE),
				(task) -> {
					Thread thread = new Thread(task, "etcd-probe");
					thread.setDaemon(true);
					return thread;
				});
		this.executor.allowCoreThreadTimeOut(true);
	}

	@Override
	public CompletableFuture<Answer> ask(String host, int port) {
		try {
			return CompletableFuture.supplyAsync(() -> connect(host, port), this.executor);
		}
		catch (RejectedExecutionException ex) {
			return CompletableFuture.completedFuture(Answer.UNKNOWN);
		}
	}

	private static Answer connect(String host, int port) {
		try (Socket socket = new Socket()) {
			socket.connect(new InetSocketAddress(host, port), (int) TIMEOUT.toMillis());
			return Answer.ACCEPTED;
		}
		catch (ConnectException ex) {
			return isRefusal(ex) ? Answer.REFUSED : Answer.UNKNOWN;
		}
		catch (IOException | RuntimeException ex) {
			return Answer.UNKNOWN;
		}
	}

	/**
	 * Whether the host refused the connection. An unreachable network is a
	 * {@link ConnectException} too, but says nothing about the process.
	 */
	private static boolean isRefusal(ConnectException ex) {
		return ex.getMessage() != null && ex.getMessage().startsWith("Connection refused");
	}

	@Override
	public void close() {
		this.executor.shutdownNow();
	}

}
