package io.github.etcddiscovery.loadbalancer;

import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import org.springframework.mock.web.DelegatingServletInputStream;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.awaitility.Awaitility.await;

/**
 * Tests for {@link ProxiedRequest} and {@link GatewayMvcRetryFilter}.
 */
@Timeout(30)
class ProxiedRequestTests {

	private static final ExecutorService threads = Executors.newCachedThreadPool();

	private final MockHttpServletResponse response = new MockHttpServletResponse();

	@AfterAll
	static void stop() {
		threads.shutdown();
	}

	@Test
	void nothingIsReadOnceTheRequestHasEnded() throws IOException, ServletException {
		MockHttpServletRequest request = new MockHttpServletRequest();
		request.setContent("body".getBytes());
		CompletableFuture<ServletInputStream> body = new CompletableFuture<>();
		new GatewayMvcRetryFilter().doFilter(request, this.response, (proxied, response) -> {
			body.complete(proxied.getInputStream());
			assertThat(body.join().read()).isEqualTo('b');
		});
		assertThatIOException().isThrownBy(() -> body.join().read());
		assertThatIOException().isThrownBy(() -> body.join().read(new byte[4]));
		assertThat(request.getInputStream().read()).isEqualTo('o');
	}

	@Test
	void sendsTheAnswerAndThenWaitsForAReadThatIsUnderWay() throws IOException {
		PipedOutputStream slow = new PipedOutputStream();
		ProxiedRequest request = new ProxiedRequest(withBody(new PipedInputStream(slow)));
		ServletInputStream body = request.getInputStream();
		CompletableFuture<Integer> read = CompletableFuture.supplyAsync(() -> read(body), threads);
		await().atMost(Duration.ofSeconds(10)).until(() -> !request.mayRetry(Integer.MAX_VALUE));
		CompletableFuture<Void> end = CompletableFuture.runAsync(() -> end(request), threads);
		await().atMost(Duration.ofSeconds(10)).until(this.response::isCommitted);
		assertThat(end).isNotDone();
		slow.write('b');
		slow.flush();
		assertThat(read.join()).isEqualTo('b');
		end.join();
	}

	@Test
	void whatGoesOnAsynchronouslyMayBeRead() throws IOException, ServletException {
		MockHttpServletRequest request = new MockHttpServletRequest();
		request.setAsyncSupported(true);
		request.setContent("body".getBytes());
		CompletableFuture<ServletInputStream> body = new CompletableFuture<>();
		new GatewayMvcRetryFilter().doFilter(request, this.response, (proxied, response) -> {
			body.complete(proxied.getInputStream());
			AsyncContext unused = proxied.startAsync(proxied, response);
		});
		assertThat(body.join().read()).isEqualTo('b');
	}

	private static MockHttpServletRequest withBody(InputStream body) {
		return new MockHttpServletRequest() {

			@Override
			public ServletInputStream getInputStream() {
				return new DelegatingServletInputStream(body);
			}

		};
	}

	private static int read(InputStream body) {
		try {
			return body.read();
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private void end(ProxiedRequest request) {
		try {
			request.end(this.response);
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
