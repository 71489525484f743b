package io.github.etcddiscovery.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;

import org.springframework.util.FileSystemUtils;

/**
 * One member of an {@link EtcdCluster}: an etcd process with its own ports, data and log,
 * which stay the same over all its restarts.
 */
public final class EtcdMember {

	private static final Duration READY_TIMEOUT = Duration.ofSeconds(30);

	private static final Duration PROBE_TIMEOUT = Duration.ofSeconds(1);

	private static final int LOG_TAIL = 4_000;

	private static final Pattern SERVER_ID = Pattern.compile("\netcd_server_id\\{server_id=\"([0-9a-f]+)\"\\} 1\n");

	private static final HttpClient http = HttpClient.newBuilder()
		.version(HttpClient.Version.HTTP_1_1)
		.connectTimeout(PROBE_TIMEOUT)
		.build();

	private final String name;

	private final Path directory;

	private final String clientUrl;

	private final String adminUrl;

	private final String peerUrl = loopback("http");

	private final @Nullable TcpProxy peerProxy;

	// Health and metrics are asked here: in plain text and without credentials, whatever
	// TLS or authentication the client's door has.
	private final String metricsUrl = loopback("http");

	private final Runnable changed;

	private List<String> command = List.of();

	private volatile @Nullable OwnedProcess process;

	private long logStart;

	EtcdMember(String name, Path directory, boolean tls, boolean peerProxy, Runnable changed) {
		this.name = name;
		this.directory = directory;
		this.clientUrl = loopback((tls) ? "https" : "http");
		this.adminUrl = (tls) ? loopback("http") : this.clientUrl;
		this.peerProxy = peerProxy ? TcpProxy.to(this.peerUrl) : null;
		this.changed = changed;
	}

	private static String loopback(String scheme) {
		return scheme + "://127.0.0.1:" + FreePorts.next();
	}

	void configure(String initialCluster, List<String> flags) {
		List<String> command = new ArrayList<>();
		command.add(EtcdExecutables.etcd().toString());
		command.addAll(List.of("--name", this.name, "--data-dir", dataDirectory().toString()));
		command.addAll(List.of("--listen-client-urls",
				(this.adminUrl.equals(this.clientUrl)) ? this.clientUrl : this.clientUrl + "," + this.adminUrl));
		command.addAll(List.of("--advertise-client-urls", this.clientUrl));
		command.addAll(List.of("--listen-peer-urls", this.peerUrl));
		command.addAll(List.of("--initial-advertise-peer-urls", advertisedPeerUrl()));
		command.addAll(List.of("--initial-cluster", initialCluster));
		command.addAll(List.of("--listen-metrics-urls", this.metricsUrl));
		command.addAll(List.of("--logger", "zap", "--log-outputs", "stderr"));
		command.addAll(List.of("--bcrypt-cost", "4"));
		if (EtcdExecutables.canSkipFsync()) {
			command.add("--unsafe-no-fsync");
		}
		command.addAll(flags);
		this.command = List.copyOf(command);
	}

	public String name() {
		return this.name;
	}

	/**
	 * The URL for clients, the same over all restarts.
	 * @return the URL
	 */
	public String clientUrl() {
		return this.clientUrl;
	}

	String adminUrl() {
		return this.adminUrl;
	}

	String initialClusterEntry() {
		return this.name + "=" + advertisedPeerUrl();
	}

	private String advertisedPeerUrl() {
		return (this.peerProxy != null) ? this.peerProxy.url() : this.peerUrl;
	}

	/**
	 * The way on which the other members come.
	 */
	TcpProxy peerProxy() {
		if (this.peerProxy == null) {
			throw new IllegalStateException("Build the etcd cluster with peerProxies()");
		}
		return this.peerProxy;
	}

	/**
	 * The header with which it calls the other members.
	 */
	String peerHeader() {
		Matcher id = SERVER_ID.matcher(probe("/metrics"));
		if (!id.find()) {
			throw new IllegalStateException("etcd member " + this.name + " does not tell its id");
		}
		return "X-Server-From: " + id.group(1) + "\r\n";
	}

	/**
	 * Kills the process, for good.
	 */
	void close() {
		kill();
		if (this.peerProxy != null) {
			this.peerProxy.close();
		}
	}

	public Path dataDirectory() {
		return this.directory.resolve("data");
	}

	public Path log() {
		return this.directory.resolve("etcd.log");
	}

	/**
	 * Starts the process and waits until it answers a linearizable read; without a quorum
	 * that never happens, see {@link #launch()}.
	 */
	public void start() {
		launch();
		awaitHealthy();
	}

	/**
	 * Starts the process and doesn't wait for anything.
	 */
	public void launch() {
		if (isAlive()) {
			throw new IllegalStateException("etcd member " + this.name + " is running already");
		}
		try {
			Files.createDirectories(this.directory);
			this.logStart = Files.exists(log()) ? Files.size(log()) : 0;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		this.process = OwnedProcess.start(this.command, log());
		this.changed.run();
	}

	/**
	 * Kills the process (SIGKILL), also when it is paused; does nothing when it is dead.
	 */
	public void kill() {
		OwnedProcess process = this.process;
		if (process != null) {
			process.kill();
			this.changed.run();
		}
	}

	/**
	 * Asks the process to exit (SIGTERM) and waits until it did.
	 */
	public void terminate() {
		OwnedProcess process = this.process;
		if (process != null) {
			process.terminate();
			this.changed.run();
		}
	}

	/**
	 * Freezes the process (SIGSTOP): its connections stay open and nobody answers.
	 */
	public void pause() {
		alive().stop();
		this.changed.run();
	}

	/**
	 * Lets a paused process go on (SIGCONT).
	 */
	public void resume() {
		alive().resume();
		this.changed.run();
	}

	/**
	 * Stops the process in good order if it runs, and starts it with the same data and
	 * ports. For a crash: {@link #kill()}, then {@link #start()}.
	 */
	public void restart() {
		terminate();
		start();
	}

	void wipeData() {
		kill();
		try {
			FileSystemUtils.deleteRecursively(dataDirectory());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	void copyDataTo(Path copy) {
		try {
			FileSystemUtils.copyRecursively(dataDirectory(), copy);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	void restoreData(Path copy) {
		wipeData();
		try {
			FileSystemUtils.copyRecursively(copy, dataDirectory());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Whether there is a process, be it running or paused.
	 * @return {@code true} if there is one
	 */
	public boolean isAlive() {
		OwnedProcess process = this.process;
		return process != null && process.isAlive();
	}

	/**
	 * Whether there is a process and it is not paused.
	 * @return {@code true} if it runs
	 */
	public boolean isRunning() {
		return isAlive() && !isPaused();
	}

	public boolean isPaused() {
		OwnedProcess process = this.process;
		return process != null && process.isStopped();
	}

	public long pid() {
		return alive().pid();
	}

	/**
	 * Whether the member answers a linearizable read now. A NOSPACE alarm doesn't make it
	 * unhealthy.
	 * @return {@code true} if it does
	 */
	public boolean isHealthy() {
		return isRunning() && probe("/health?exclude=NOSPACE").contains("\"true\"");
	}

	/**
	 * The log-ins that were asked of this member since it was started, granted or not.
	 * @return their number
	 */
	public long logins() {
		return counted("grpc_server_handled_total", "Authenticate");
	}

	/**
	 * The calls that were begun with this member since it was started, streams as well.
	 * @param method the name of the method, such as {@code Watch}
	 * @return their number
	 */
	public long calls(String method) {
		return counted("grpc_server_started_total", method);
	}

	private long counted(String metric, String method) {
		return probe("/metrics").lines()
			.filter((line) -> line.startsWith(metric + "{") && line.contains("grpc_method=\"" + method + "\""))
			.mapToLong((line) -> Long.parseLong(line.substring(line.lastIndexOf(' ') + 1)))
			.sum();
	}

	boolean isLeader() {
		return isRunning() && probe("/metrics").contains("\netcd_server_is_leader 1\n");
	}

	/**
	 * Whether the member knows a leader, as it says itself.
	 * @return {@code true} if it runs and has one
	 */
	public boolean hasLeader() {
		return isRunning() && probe("/metrics").contains("\netcd_server_has_leader 1\n");
	}

	/**
	 * Waits until the member answers a linearizable read; fails with the end of its log
	 * if it doesn't.
	 */
	public void awaitHealthy() {
		try {
			Awaitility.await()
				.pollDelay(Duration.ZERO)
				.pollInterval(Duration.ofMillis(20))
				.atMost(READY_TIMEOUT)
				.until(this::isHealthyOrDead);
		}
		catch (ConditionTimeoutException ex) {
			throw new IllegalStateException("etcd member " + this.name + " was not healthy within "
					+ READY_TIMEOUT.toSeconds() + " s; the end of its log:\n" + logTail(), ex);
		}
		if (!isAlive()) {
			throw exited();
		}
	}

	private boolean isHealthyOrDead() {
		return !isAlive() || isHealthy();
	}

	private IllegalStateException exited() {
		String tail = logTail();
		String message = "etcd member " + this.name + " exited; the end of its log:\n" + tail;
		return (tail.contains("address already in use")) ? new PortTakenException(message)
				: new IllegalStateException(message);
	}

	private String logTail() {
		try {
			byte[] log = Files.readAllBytes(log());
			int from = Math.max((int) this.logStart, log.length - LOG_TAIL);
			return new String(log, from, log.length - from, StandardCharsets.UTF_8);
		}
		catch (IOException ex) {
			return "(no log: " + ex.getMessage() + ")";
		}
	}

	private String probe(String path) {
		HttpRequest request = HttpRequest.newBuilder(URI.create(this.metricsUrl + path)).timeout(PROBE_TIMEOUT).build();
		try {
			return http.send(request, HttpResponse.BodyHandlers.ofString()).body();
		}
		catch (IOException ex) {
			return "";
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return "";
		}
	}

	private OwnedProcess alive() {
		OwnedProcess process = this.process;
		if (process == null || !process.isAlive()) {
			throw new IllegalStateException("etcd member " + this.name + " is not running");
		}
		return process;
	}

	@Override
	public String toString() {
		return this.name + " at " + this.clientUrl;
	}

}
