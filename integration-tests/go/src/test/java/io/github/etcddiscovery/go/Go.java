package io.github.etcddiscovery.go;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
				logger.error("%n%s%n# NOT TESTED: programs in Go: %s. The bytes that they write stand in.%n%s%n"
					.formatted(LINE, missing, LINE));
			}
		}
		return missing;
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
		// go-zero refuses an etcd that is older than its client supports
		Assumptions.assumeFalse(peer.awaitLine().contains("old cluster version"), "this etcd is too old for go-zero");
		return peer;
	}

	@Override
	public void afterEach(ExtensionContext context) {
		this.peers.forEach(Peer::kill);
		this.peers.clear();
	}

}
