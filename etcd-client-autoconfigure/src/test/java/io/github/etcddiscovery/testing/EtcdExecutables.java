package io.github.etcddiscovery.testing;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

import org.jspecify.annotations.Nullable;

/**
 * Where the {@code etcd} and {@code etcdctl} executables are: a system property
 * ({@code etcd.executable}), an environment variable ({@code ETCD_EXECUTABLE}), or the
 * {@code PATH}.
 */
public final class EtcdExecutables {

	private static @Nullable Boolean fsyncCanBeSkipped;

	private EtcdExecutables() {
	}

	static Path etcd() {
		return find("etcd", null);
	}

	public static Path etcdctl() {
		return find("etcdctl", etcd().toAbsolutePath().getParent());
	}

	/**
	 * Whether this etcd has {@code --unsafe-no-fsync}, which not every 3.4 has. What
	 * survives a killed process is in the page cache, so no fault test needs the fsync.
	 */
	static synchronized boolean canSkipFsync() {
		if (fsyncCanBeSkipped == null) {
			fsyncCanBeSkipped = exitsNormally(etcd().toString(), "--unsafe-no-fsync", "--version");
		}
		return fsyncCanBeSkipped;
	}

	static Path find(String name, @Nullable Path preferredDirectory) {
		String property = name + ".executable";
		String variable = name.toUpperCase(Locale.ROOT).replace('-', '_') + "_EXECUTABLE";
		String given = System.getProperty(property, System.getenv(variable));
		if (given != null) {
			Path path = Path.of(given);
			if (Files.isExecutable(path)) {
				return path;
			}
			throw new IllegalStateException("'" + given + "' given by the system property '" + property
					+ "' or the environment variable '" + variable + "' is not an executable file");
		}
		for (Path directory : directories(preferredDirectory)) {
			Path path = directory.resolve(name);
			if (Files.isRegularFile(path) && Files.isExecutable(path)) {
				return path;
			}
		}
		throw new IllegalStateException("These tests need a real etcd and there is no '" + name
				+ "' on the PATH: run script/test, which installs it, or name it with the system property '" + property
				+ "' or the environment variable '" + variable + "'");
	}

	private static List<Path> directories(@Nullable Path preferredDirectory) {
		List<Path> directories = new ArrayList<>();
		if (preferredDirectory != null) {
			directories.add(preferredDirectory);
		}
		String path = System.getenv("PATH");
		for (String directory : ((path != null) ? path : "").split(File.pathSeparator)) {
			if (!directory.isEmpty()) {
				directories.add(Path.of(directory));
			}
		}
		return directories;
	}

	private static boolean exitsNormally(String... command) {
		try {
			Process process = new ProcessBuilder(command).redirectErrorStream(true)
				.redirectOutput(ProcessBuilder.Redirect.DISCARD)
				.start();
			return process.waitFor() == 0;
		}
		catch (IOException ex) {
			return false;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("Interrupted while asking etcd for its version", ex);
		}
	}

}
