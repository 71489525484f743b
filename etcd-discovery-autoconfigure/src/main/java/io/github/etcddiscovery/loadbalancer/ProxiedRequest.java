package io.github.etcddiscovery.loadbalancer;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.ServiceInstance;

/**
 * A request that the blocking gateway may send on more than once: it knows whether its
 * body has been read, which can be done once only, and where it was sent. It is an
 * attribute of itself, since filters of the gateway make requests of their own, and keep
 * the attributes. The gateway's HTTP client may read the body with a thread of its own,
 * also after the answer came: once the request is {@linkplain #end ended}, such a thread
 * reads nothing more. The container would give it the bytes of the connection's next
 * request.
 */
final class ProxiedRequest extends HttpServletRequestWrapper {

	private @Nullable ServletInputStream body;

	private final Lock reading = new ReentrantLock();

	private volatile boolean read;

	private volatile boolean ended;

	private int retries;

	private @Nullable ServiceInstance tried;

	ProxiedRequest(HttpServletRequest request) {
		super(request);
		setAttribute(TriedInstances.ATTRIBUTE, this);
	}

	/**
	 * The instance that it was sent to last.
	 * @return the instance, or {@code null} if it was sent to none
	 */
	@Nullable ServiceInstance tried() {
		return this.tried;
	}

	void sentTo(ServiceInstance instance) {
		this.tried = instance;
	}

	/**
	 * Whether the request is still whole and has been retried less often than that.
	 * Counts if so.
	 */
	boolean mayRetry(int most) {
		return !this.read && this.retries++ < most;
	}

	/**
	 * Let nothing more of the body be read. Waits for a read that is under way, after it
	 * has sent what there is of the answer.
	 * @param response the answer
	 * @throws IOException if the answer can't be sent
	 */
	void end(ServletResponse response) throws IOException {
		this.ended = true;
		if (!this.reading.tryLock()) {
			response.flushBuffer();
			this.reading.lock();
		}
		this.reading.unlock();
	}

	@Override
	public ServletInputStream getInputStream() throws IOException {
		if (this.body == null) {
			this.body = new Body(super.getInputStream());
		}
		return this.body;
	}

	@Override
	public BufferedReader getReader() throws IOException {
		this.read = true;
		return super.getReader();
	}

	/**
	 * Notes that somebody reads.
	 */
	private final class Body extends ServletInputStream {

		private final ServletInputStream stream;

		Body(ServletInputStream stream) {
			this.stream = stream;
		}

		@Override
		public int read() throws IOException {
			beginReading();
			try {
				return this.stream.read();
			}
			finally {
				ProxiedRequest.this.reading.unlock();
			}
		}

		@Override
		public int read(byte[] bytes, int offset, int length) throws IOException {
			beginReading();
			try {
				return this.stream.read(bytes, offset, length);
			}
			finally {
				ProxiedRequest.this.reading.unlock();
			}
		}

		private void beginReading() throws IOException {
			ProxiedRequest.this.reading.lock();
			if (ProxiedRequest.this.ended) {
				ProxiedRequest.this.reading.unlock();
				throw new IOException("The request has been answered");
			}
			ProxiedRequest.this.read = true;
		}

		@Override
		public int available() throws IOException {
			return this.stream.available();
		}

		@Override
		public boolean isFinished() {
			return this.stream.isFinished();
		}

		@Override
		public boolean isReady() {
			return this.stream.isReady();
		}

		@Override
		public void setReadListener(ReadListener listener) {
			this.stream.setReadListener(listener);
		}

		@Override
		public void close() throws IOException {
			ProxiedRequest.this.reading.lock();
			try {
				if (!ProxiedRequest.this.ended) {
					this.stream.close();
				}
			}
			finally {
				ProxiedRequest.this.reading.unlock();
			}
		}

	}

}
