package io.github.etcddiscovery.test;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;

import org.springframework.util.FileSystemUtils;

/**
 * An etcd that runs as a process, on the loopback interface only.
 */
final class EtcdProcess implements EtcdServer {

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private final Path directory;

	private final Process process;

	private final String endpoint;

	private EtcdProcess(Path directory, Process process, String endpoint) {
		this.directory = directory;
		this.process = process;
		this.endpoint = endpoint;
	}

	/**
	 * The executable to run.
	 * @return the file, or {@code null} if there is none
	 */
	static @Nullable Path executable() {
		String configured = System.getenv("ETCD_EXECUTABLE");
		if (configured != null && Files.isExecutable(Path.of(configured))) {
			return Path.of(configured);
		}
		String path = System.getenv("PATH");
		for (String directory : ((path != null) ? path : "").split(File.pathSeparator)) {
			Path candidate = Path.of(directory, "etcd");
			if (!directory.isEmpty() && Files.isRegularFile(candidate) && Files.isExecutable(candidate)) {
				return candidate;
			}
		}
		return null;
	}

	/**
	 * Start etcd and wait until it answers.
	 */
	static EtcdProcess start(Path executable) {
		// Another process may take the port meanwhile
		for (int attempt = 0; attempt < 4; attempt++) {
			EtcdProcess started = launch(executable);
			if (started.answers()) {
				return started;
			}
			started.stop();
		}
		throw new IllegalStateException("%s does not start".formatted(executable));
	}

	private static EtcdProcess launch(Path executable) {
		try {
			Path directory = Files.createTempDirectory("etcd-test");
			String client = "http://127.0.0.1:" + freePort();
			String peer = "http://127.0.0.1:" + freePort();
			Process process = new ProcessBuilder(executable.toString(), "--name=test", "--data-dir=" + directory,
					"--listen-client-urls=" + client, "--advertise-client-urls=" + client, "--listen-peer-urls=" + peer,
					"--initial-advertise-peer-urls=" + peer, "--initial-cluster=test=" + peer)
				.redirectErrorStream(true)
				.redirectOutput(ProcessBuilder.Redirect.DISCARD)
				.start();
			return new EtcdProcess(directory, process, client);
		}
		catch (IOException ex) {
			throw new UncheckedIOException("%s can't be started".formatted(executable), ex);
		}
	}

	private static int freePort() throws IOException {
		try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
			return socket.getLocalPort();
		}
	}

	private boolean answers() {
		HttpClient http = HttpClient.newHttpClient();
		HttpRequest health = HttpRequest.newBuilder(URI.create(this.endpoint + "/health"))
			.timeout(Duration.ofSeconds(2))
			.build();
		long deadline = System.nanoTime() + PATIENCE.toNanos();
		while (System.nanoTime() < deadline && this.process.isAlive()) {
			try {
				if (http.send(health, BodyHandlers.ofString()).body().contains("true")) {
					return true;
				}
				this.process.waitFor(50, TimeUnit.MILLISECONDS);
			}
			catch (IOException ex) {
				pause();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
				return false;
			}
		}
		return false;
	}

	private void pause() {
		try {
			this.process.waitFor(50, TimeUnit.MILLISECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	@Override
	public List<String> endpoints() {
		return List.of(this.endpoint);
	}

	@Override
	public void stop() {
		this.process.destroyForcibly();
		try {
			this.process.waitFor(5, TimeUnit.SECONDS);
			FileSystemUtils.deleteRecursively(this.directory);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
