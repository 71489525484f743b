package io.github.etcddiscovery.loadbalancer;

import java.io.BufferedReader;
import java.io.IOException;

import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import org.jspecify.annotations.Nullable;

import org.springframework.cloud.client.ServiceInstance;

/**
 * A request that the blocking gateway may send on more than once: it knows whether its
 * body has been read, which can be done once only, and where it was sent. It is an
 * attribute of itself, since filters of the gateway make requests of their own, and keep
 * the attributes. Used by one thread at a time.
 */
final class ProxiedRequest extends HttpServletRequestWrapper {

	private @Nullable ServletInputStream body;

	private boolean read;

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
			ProxiedRequest.this.read = true;
			return this.stream.read();
		}

		@Override
		public int read(byte[] bytes, int offset, int length) throws IOException {
			ProxiedRequest.this.read = true;
			return this.stream.read(bytes, offset, length);
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
			this.stream.close();
		}

	}

}
