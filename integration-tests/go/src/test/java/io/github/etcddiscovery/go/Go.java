package io.github.etcddiscovery.go;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Builds the program in {@code peer}, once, and runs it for each test. Where there is no
 * Go that can build it the tests are skipped, which is said so that nobody misses it.
 */
final class Go implements ExecutionCondition, AfterEachCallback {

	private static final Log logger = LogFactory.getLog(Go.class);

	private static final long BUILD_MINUTES = 10;

	private static final Path MODULE = Path.of("peer");

	private static final Path PROGRAM = Path.of("target", "peer").toAbsolutePath();

	private static final String LINE = "#".repeat(100);

	/**
	 * Why there is no program, empty if there is one.
	 */
	private static @Nullable String missing;

	private final List<Peer> peers = new ArrayList<>();

	@Override
	public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
		String reason = build();
		return reason.isEmpty() ? ConditionEvaluationResult.enabled("there is Go")
				: ConditionEvaluationResult.disabled(reason);
	}

	private static synchronized String build() {
		if (missing == null) {
			missing = tryToBuild();
			if (!missing.isEmpty()) {
				sayNotTested("programs in Go", missing + "; the bytes that they write stand in");
			}
		}
		return missing;
	}

	/**
	 * So that nobody misses it: also where the script that runs all this, if one does,
	 * says it at its end.
	 */
	private static void sayNotTested(String what, String why) {
		String line = "# NOT TESTED: %s: %s".formatted(what, why);
		logger.error("%n%s%n%s%n%s%n".formatted(LINE, line, LINE));
		String summary = System.getenv("NOT_TESTED");
		if (summary != null) {
			try {
				Files.writeString(Path.of(summary), line + System.lineSeparator(), StandardOpenOption.CREATE,
						StandardOpenOption.APPEND);
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}
	}

	private static String tryToBuild() {
		try {
			Path log = Files.createDirectories(PROGRAM.getParent()).resolve("go.log");
			ProcessBuilder builder = new ProcessBuilder("go", "build", "-buildvcs=false", "-ldflags=-w", "-o",
					PROGRAM.toString(), ".")
				.directory(MODULE.toFile())
				.redirectErrorStream(true)
				.redirectOutput(log.toFile());
			builder.environment().put("CGO_ENABLED", "0");
			builder.environment().put("GOWORK", "off");
			Process process = start(builder);
			if (process == null) {
				return "there is no 'go' on the PATH";
			}
			if (!process.waitFor(BUILD_MINUTES, TimeUnit.MINUTES)) {
				process.destroyForcibly();
				throw new IllegalStateException("Go has not built peer within %d minutes".formatted(BUILD_MINUTES));
			}
			String said = Files.readString(log, StandardCharsets.UTF_8);
			if (process.exitValue() == 0) {
				return "";
			}
			if (said.contains("requires go >=") || said.contains("invalid go version")) {
				return "the Go on the PATH is too old: " + said.lines().findFirst().orElse("");
			}
			throw new IllegalStateException("Go could not build peer: " + said);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	private static @Nullable Process start(ProcessBuilder builder) {
		try {
			return builder.start();
		}
		catch (IOException ex) {
			return null;
		}
	}

	/**
	 * Run the program and wait until it is ready.
	 * @param arguments its arguments
	 * @return the process
	 */
	Peer run(String... arguments) {
		Peer peer = Peer.start(PROGRAM, arguments);
		this.peers.add(peer);
		if (peer.awaitLine().contains("old cluster version")) {
			String reason = "its client refuses an etcd as old as this one";
			sayNotTested("go-zero", reason);
			Assumptions.abort(reason);
		}
		return peer;
	}

	@Override
	public void afterEach(ExtensionContext context) {
		this.peers.forEach(Peer::kill);
		this.peers.clear();
	}

}
