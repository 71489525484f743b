package io.github.etcddiscovery.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * An application in a JVM of its own, with the class path of the test or from its jar,
 * which can be stopped, continued and killed. It never outlives this JVM.
 */
public final class JavaApplication implements AutoCloseable {

	private final Path log;

	private final OwnedProcess process;

	private JavaApplication(Path log, OwnedProcess process) {
		this.log = log;
		this.process = process;
	}

	/**
	 * Starts an application.
	 * @param main the class whose main method to run
	 * @param jvmArguments arguments of the JVM
	 * @param arguments arguments of the application
	 * @return the application, starting
	 */
	public static JavaApplication start(Class<?> main, List<String> jvmArguments, String... arguments) {
		List<String> what = new ArrayList<>(jvmArguments);
		what.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
		return start(what, arguments);
	}

	/**
	 * Starts a runnable jar.
	 * @param jar the jar, which brings its own class path
	 * @param arguments arguments of the application
	 * @return the application, starting
	 */
	public static JavaApplication start(Path jar, String... arguments) {
		return start(List.of("-jar", jar.toString()), arguments);
	}

	private static JavaApplication start(List<String> what, String... arguments) {
		try {
			Path log = Files.createTempFile("application", ".log");
			List<String> command = new ArrayList<>();
			command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
			command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m"));
			command.addAll(what);
			command.addAll(List.of(arguments));
			return new JavaApplication(log, OwnedProcess.start(command, log));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * What the application has printed so far.
	 * @return its output
	 */
	public String output() {
		try {
			return Files.readString(this.log);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * SIGSTOP: the JVM stands still.
	 */
	public void pause() {
		this.process.stop();
	}

	/**
	 * SIGCONT: the JVM goes on.
	 */
	public void resume() {
		this.process.resume();
	}

	/**
	 * SIGKILL; returns when the process is gone.
	 */
	public void kill() {
		this.process.kill();
	}

	/**
	 * SIGTERM; returns when the process is gone.
	 */
	public void terminate() {
		this.process.terminate();
	}

	public boolean isAlive() {
		return this.process.isAlive();
	}

	/**
	 * Waits for the process to end by itself.
	 * @return its exit code
	 */
	public int awaitExitCode() {
		return this.process.awaitExitCode();
	}

	@Override
	public void close() {
		this.process.kill();
		try {
			Files.deleteIfExists(this.log);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
