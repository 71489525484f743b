package io.github.etcddiscovery.go;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

import org.awaitility.Awaitility;

/**
 * A program in Go that runs; it ends when this JVM does, since its input ends then.
 */
final class Peer {

	private static final Duration BOUND = Duration.ofSeconds(30);

	private final Process process;

	private final PrintStream input;

	private final List<String> lines = new CopyOnWriteArrayList<>();

	private Peer(Process process) {
		this.process = process;
		this.input = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
		Thread reader = new Thread(this::read, "peer-" + process.pid());
		reader.setDaemon(true);
		reader.start();
	}

	static Peer start(Path program, String... arguments) {
		List<String> command = new ArrayList<>(List.of(program.toString()));
		command.addAll(List.of(arguments));
		try {
			return new Peer(new ProcessBuilder(command).redirectErrorStream(true).start());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private void read() {
		try (BufferedReader reader = this.process.inputReader(StandardCharsets.UTF_8)) {
			reader.lines().forEach(this.lines::add);
		}
		catch (IOException | UncheckedIOException ex) {
			// It was killed
		}
	}

	/**
	 * Wait for its first line.
	 */
	String awaitLine() {
		Awaitility.await().atMost(BOUND).until(() -> !this.lines.isEmpty());
		return this.lines.get(0);
	}

	/**
	 * Give a command.
	 * @param command the command
	 * @return the next line that it prints
	 */
	String tell(String command) {
		int before = this.lines.size();
		this.input.println(command);
		Awaitility.await().atMost(BOUND).until(() -> this.lines.size() > before);
		return this.lines.get(before);
	}

	String lastLine() {
		return this.lines.get(this.lines.size() - 1);
	}

	void kill() {
		this.process.destroyForcibly();
		try {
			this.process.waitFor(BOUND.toSeconds(), TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
