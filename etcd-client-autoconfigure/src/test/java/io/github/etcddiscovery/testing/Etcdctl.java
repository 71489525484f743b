package io.github.etcddiscovery.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Runs the {@code etcdctl} program, and scripts that do.
 */
final class Etcdctl {

	private Etcdctl() {
	}

	static String run(List<String> options, String... arguments) {
		List<String> command = new ArrayList<>();
		command.add(EtcdExecutables.etcdctl().toString());
		command.addAll(options);
		command.addAll(List.of(arguments));
		return run(command, Map.of("ETCDCTL_API", "3"), "etcdctl " + String.join(" ", arguments));
	}

	static String runScript(Path script, String endpoints, String user, String... arguments) {
		List<String> command = new ArrayList<>(List.of("/bin/sh", script.toString()));
		command.addAll(List.of(arguments));
		String path = EtcdExecutables.etcdctl().toAbsolutePath().getParent() + ":" + System.getenv("PATH");
		return run(command, Map.of("ETCDCTL_ENDPOINTS", endpoints, "ETCDCTL_USER", user, "PATH", path),
				script + " " + String.join(" ", arguments))
			.strip();
	}

	private static String run(List<String> command, Map<String, String> environment, String description) {
		try {
			ProcessBuilder builder = new ProcessBuilder(command);
			builder.environment().keySet().removeIf((name) -> name.startsWith("ETCDCTL_"));
			builder.environment().putAll(environment);
			Process process = builder.start();
			process.getOutputStream().close();
			CompletableFuture.delayedExecutor(30, TimeUnit.SECONDS).execute(process::destroyForcibly);
			CompletableFuture<String> error = CompletableFuture.supplyAsync(() -> text(process.getErrorStream()));
			String output = text(process.getInputStream());
			if (process.waitFor() != 0) {
				throw new IllegalStateException(description + " failed: " + error.join().strip());
			}
			return output;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("Interrupted while waiting for etcdctl", ex);
		}
	}

	private static String text(InputStream stream) {
		try (stream) {
			return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
