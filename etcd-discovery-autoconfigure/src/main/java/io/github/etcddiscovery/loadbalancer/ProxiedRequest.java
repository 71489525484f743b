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
 * A request that the blocking gateway may forward more than once. It knows whether its
 * body has been read, which is possible only once, and the instance to which it was last
 * sent. The request is stored in an attribute of itself, since filters of the gateway
 * wrap requests but keep the attributes. The gateway's HTTP client may read the body on a
 * thread of its own, even after the answer has arrived. Once the request is
 * {@linkplain #end ended}, such a thread reads nothing more, because the container would
 * give it the bytes of the connection's next request.
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
	 * The instance to which this request was last sent.
	 * @return the instance, or {@code null} if the request was not sent yet
	 */
	@Nullable ServiceInstance tried() {
		return this.tried;
	}

	void sentTo(ServiceInstance instance) {
		this.tried = instance;
	}

	/**
	 * Whether the body is still unread and there were fewer retries than the limit.
	 * Counts a retry if so.
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
	 * Records that the body is being read.
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
