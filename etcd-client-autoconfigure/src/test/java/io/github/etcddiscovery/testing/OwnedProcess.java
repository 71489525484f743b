package io.github.etcddiscovery.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import org.awaitility.Awaitility;

/**
 * A child process that can be stopped, continued and killed, and that never outlives this
 * JVM.
 */
final class OwnedProcess {

	private static final Duration EXIT_TIMEOUT = Duration.ofSeconds(30);

	private final Process process;

	private volatile boolean stopped;

	private OwnedProcess(Process process) {
		this.process = process;
	}

	static OwnedProcess start(List<String> command, Path log) {
		try {
			ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true)
				.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
			// etcd reads its flags from these too, and refuses to start on a conflict.
			builder.environment().keySet().removeIf((name) -> name.startsWith("ETCD_"));
			if ("aarch64".equals(System.getProperty("os.arch"))) {
				// Without it etcd 3.4 refuses to run on this architecture.
				builder.environment().put("ETCD_UNSUPPORTED_ARCH", "arm64");
			}
			Process process = builder.start();
			Process watchdog = watchdog(process);
			// The watchdog must be gone before the pid can belong to somebody else.
			process.onExit().thenRun(watchdog::destroyForcibly);
			return new OwnedProcess(process);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Starts a shell that kills the process when its own standard input ends, which
	 * happens however this JVM dies; a shutdown hook doesn't run when it is killed.
	 */
	private static Process watchdog(Process process) throws IOException {
		return new ProcessBuilder("/bin/sh", "-c", "trap '' HUP INT TERM; read -r line; kill -9 \"$0\"",
				Long.toString(process.pid()))
			.redirectOutput(ProcessBuilder.Redirect.DISCARD)
			.redirectError(ProcessBuilder.Redirect.DISCARD)
			.start();
	}

	long pid() {
		return this.process.pid();
	}

	boolean isAlive() {
		return this.process.isAlive();
	}

	boolean isStopped() {
		return this.stopped && isAlive();
	}

	int awaitExitCode() {
		awaitExit();
		return this.process.exitValue();
	}

	/**
	 * Stops the process. The signal is only a request: on a busy machine its threads run
	 * on, and answer, until one of them has taken it and made the others stop.
	 */
	void stop() {
		signal("STOP");
		this.stopped = true;
		Awaitility.await()
			.alias("a stop of process " + pid())
			.pollDelay(Duration.ZERO)
			.pollInterval(Duration.ofMillis(1))
			.ignoreExceptionsInstanceOf(IOException.class)
			.until(() -> !isAlive() || states().allMatch((state) -> state == 'T'));
	}

	/**
	 * The states of the threads, or that of the process where there is no {@code /proc}.
	 */
	private Stream<Character> states() throws IOException {
		Path tasks = Path.of("/proc", Long.toString(pid()), "task");
		if (!Files.isDirectory(tasks)) {
			Process ps = new ProcessBuilder("ps", "-o", "state=", "-p", Long.toString(pid())).start();
			String state = ps.inputReader().readLine();
			return (state != null) ? Stream.of(state.charAt(0)) : Stream.of('?');
		}
		List<Character> states = new ArrayList<>();
		try (DirectoryStream<Path> directories = Files.newDirectoryStream(tasks)) {
			for (Path directory : directories) {
				String stat = Files.readString(directory.resolve("stat"));
				// The name in parentheses before it may contain anything.
				states.add(stat.charAt(stat.lastIndexOf(')') + 2));
			}
		}
		return states.stream();
	}

	void resume() {
		this.stopped = false;
		signal("CONT");
	}

	void kill() {
		this.process.destroyForcibly();
		awaitExit();
	}

	void terminate() {
		if (isStopped()) {
			resume();
		}
		this.process.destroy();
		awaitExit();
	}

	private void signal(String signal) {
		// The shell's own kill: not every container image has the program.
		try {
			Process kill = new ProcessBuilder("/bin/sh", "-c", "kill -" + signal + " \"$0\"", Long.toString(pid()))
				.inheritIO()
				.start();
			if (kill.waitFor() != 0) {
				throw new IllegalStateException("Could not send SIG" + signal + " to process " + pid());
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			throw interrupted(ex);
		}
	}

	private void awaitExit() {
		try {
			if (!this.process.waitFor(EXIT_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
				throw new IllegalStateException("Process " + pid() + " did not exit within " + EXIT_TIMEOUT);
			}
		}
		catch (InterruptedException ex) {
			throw interrupted(ex);
		}
	}

	private static IllegalStateException interrupted(InterruptedException ex) {
		Thread.currentThread().interrupt();
		return new IllegalStateException("Interrupted while waiting for a process", ex);
	}

}
