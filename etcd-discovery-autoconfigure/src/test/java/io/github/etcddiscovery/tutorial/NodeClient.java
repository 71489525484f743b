package io.github.etcddiscovery.tutorial;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * The Node client of etcd in a process of its own, which does what it is told and tells
 * what it sees. It ends when its input does, so it never outlives this JVM.
 */
final class NodeClient implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(NodeClient.class);

	private static final Path SOURCES = Path.of("src", "test", "node");

	private static final Path INSTALLED = Path.of("target", "node");

	private static final String LOCK = "package-lock.json";

	private static final Duration PATIENCE = Duration.ofMinutes(1);

	private static final Duration INSTALLATION = Duration.ofMinutes(5);

	private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();

	private final List<String> watched = new CopyOnWriteArrayList<>();

	private final Process process;

	private final PrintWriter input;

	private NodeClient(Process process) {
		this.process = process;
		this.input = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true);
		Thread reader = new Thread(this::read, "node-output");
		reader.setDaemon(true);
		reader.start();
	}

	/**
	 * Starts a client that is authenticated as root.
	 * @param endpoint the URL of etcd
	 */
	static NodeClient start(String endpoint) {
		install();
		return new NodeClient(start(INSTALLED, Redirect.PIPE, "node", "client.js", endpoint));
	}

	/**
	 * Installs what the lock file says, unless it is there already.
	 */
	private static void install() {
		try {
			boolean done = isInstalled();
			Files.createDirectories(INSTALLED);
			for (String file : List.of("package.json", LOCK, "client.js")) {
				Files.copy(SOURCES.resolve(file), INSTALLED.resolve(file), StandardCopyOption.REPLACE_EXISTING);
			}
			if (!done) {
				Process npm = start(INSTALLED, Redirect.INHERIT, "npm", "ci", "--ignore-scripts", "--no-audit",
						"--no-fund");
				if (!npm.waitFor(INSTALLATION.toSeconds(), TimeUnit.SECONDS) || npm.exitValue() != 0) {
					npm.destroyForcibly();
					throw new IllegalStateException("npm could not install the Node client of etcd; see its output");
				}
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("Interrupted while waiting for npm", ex);
		}
	}

	/**
	 * The hidden lock file is what npm writes last.
	 */
	private static boolean isInstalled() throws IOException {
		return Files.exists(INSTALLED.resolve("node_modules/." + LOCK)) && Files.exists(INSTALLED.resolve(LOCK))
				&& Files.mismatch(INSTALLED.resolve(LOCK), SOURCES.resolve(LOCK)) == -1;
	}

	private static Process start(Path directory, Redirect output, String... command) {
		try {
			return new ProcessBuilder(command).directory(directory.toFile())
				.redirectError(Redirect.INHERIT)
				.redirectOutput(output)
				.start();
		}
		catch (IOException ex) {
			throw new IllegalStateException("These tests need Node 18 or newer and npm, and '" + command[0]
					+ "' can't be run: run script/test, which installs them", ex);
		}
	}

	private void read() {
		try (BufferedReader output = this.process.inputReader(StandardCharsets.UTF_8)) {
			for (String line = output.readLine(); line != null; line = output.readLine()) {
				logger.info("Node says: " + line);
				if (line.startsWith("watch ")) {
					this.watched.add(line.substring("watch ".length()));
				}
				else {
					this.answers.add(line);
				}
			}
		}
		catch (IOException ex) {
			logger.info("Node has ended: " + ex.getMessage());
		}
	}

	/**
	 * Has the client do something.
	 * @param action what, and with which values
	 * @return what came of it
	 */
	synchronized String ask(String... action) {
		logger.info("Node does: " + String.join(" ", action));
		this.input.println(String.join(" ", action));
		try {
			String answer = this.answers.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
			if (answer == null || !answer.startsWith("answer ")) {
				throw new IllegalStateException(Arrays.toString(action) + " failed: " + answer);
			}
			return answer.substring("answer ".length());
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("Interrupted while waiting for Node", ex);
		}
	}

	/**
	 * What the client's watch of a key has seen so far.
	 */
	List<String> watched(String key) {
		return this.watched.stream()
			.filter((line) -> line.startsWith(key + " "))
			.map((line) -> line.substring(key.length() + 1))
			.toList();
	}

	@Override
	public void close() {
		this.input.close();
		this.process.destroyForcibly();
	}

}
