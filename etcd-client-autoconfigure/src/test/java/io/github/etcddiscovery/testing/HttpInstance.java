package io.github.etcddiscovery.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import tools.jackson.databind.json.JsonMapper;

/**
 * An instance of a service for tests: a web server that answers every request with its
 * name. What is in etcd about it is up to the test.
 */
public final class HttpInstance implements AutoCloseable {

	static {
		// Otherwise many an answer waits 40 milliseconds for a delayed acknowledgement
		System.setProperty("sun.net.httpserver.nodelay", "true");
	}

	private final EtcdAdmin admin;

	private final String key;

	private final String name;

	private final Queue<String> requests = new ConcurrentLinkedQueue<>();

	private HttpServer server;

	private volatile boolean healthy = true;

	private volatile boolean hangingUp;

	private volatile boolean leaving;

	private volatile CountDownLatch held = new CountDownLatch(0);

	/**
	 * Start the server, on a free port of the loopback interface.
	 * @param admin puts its key into etcd
	 * @param service the name of the service
	 * @param name the name that it answers with, which is its instance id too
	 */
	public HttpInstance(EtcdAdmin admin, String service, String name) {
		this.admin = admin;
		this.key = "services/" + service + "/" + name;
		this.name = name;
		this.server = listen(0);
	}

	private HttpServer listen(int port) {
		try {
			HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
			server.createContext("/", this::answer);
			server.start();
			return server;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private void answer(HttpExchange exchange) throws IOException {
		String path = exchange.getRequestURI().getPath();
		exchange.getRequestBody().readAllBytes();
		if (path.equals("/actuator/health")) {
			exchange.sendResponseHeaders(this.healthy ? 200 : 503, -1);
		}
		else {
			this.requests.add(exchange.getRequestMethod() + " " + path);
			awaitRelease();
			if (!this.hangingUp) {
				if (this.leaving) {
					exchange.getResponseHeaders().set("Etcd-Discovery-Farewell", farewell());
				}
				byte[] body = this.name.getBytes(StandardCharsets.UTF_8);
				exchange.sendResponseHeaders(200, body.length);
				exchange.getResponseBody().write(body);
			}
		}
		exchange.close();
	}

	private void awaitRelease() {
		try {
			this.held.await();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private String farewell() {
		String name = this.key.substring("services/".length());
		return UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)).toString();
	}

	public String name() {
		return this.name;
	}

	public int port() {
		return this.server.getAddress().getPort();
	}

	/**
	 * Put its key into etcd.
	 * @param status the status
	 * @param metadata the metadata
	 */
	public void register(String status, Map<String, String> metadata) {
		this.admin.put(this.key, JsonMapper.shared()
			.writeValueAsString(Map.of("host", "127.0.0.1", "port", port(), "status", status, "metadata", metadata)));
	}

	public void register(String status) {
		register(status, Map.of());
	}

	public void deregister() {
		this.admin.delete(this.key);
	}

	/**
	 * The requests that reached it, except for its health, as method and path.
	 */
	public Queue<String> requests() {
		return this.requests;
	}

	/**
	 * Say whether it answers well when asked for its health.
	 */
	public void setHealthy(boolean healthy) {
		this.healthy = healthy;
	}

	/**
	 * Say whether it closes the connection, from now on, after it has read a request.
	 */
	public void setHangingUp(boolean hangingUp) {
		this.hangingUp = hangingUp;
	}

	/**
	 * Take requests from now on without answering them.
	 * @return lets all answers go
	 */
	public Runnable hold() {
		CountDownLatch latch = new CountDownLatch(1);
		this.held = latch;
		return latch::countDown;
	}

	/**
	 * Say goodbye in its answers from now on, and not in etcd.
	 */
	public void leave() {
		this.leaving = true;
	}

	/**
	 * End the server, as the end of its process would: its port refuses connections, its
	 * key stays.
	 */
	public void crash() {
		this.server.stop(0);
	}

	/**
	 * Listen again after a crash, on the same port.
	 */
	public void restart() {
		this.server = listen(port());
	}

	@Override
	public void close() {
		this.server.stop(0);
	}

}
