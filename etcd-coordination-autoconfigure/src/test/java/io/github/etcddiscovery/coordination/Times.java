package io.github.etcddiscovery.coordination;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * What was measured, for those who ask: {@code target/times.txt}.
 */
final class Times {

	private Times() {
	}

	static void report(String what, long sinceNanos) {
		long millis = (System.nanoTime() - sinceNanos) / 1_000_000;
		try {
			Files.writeString(Files.createDirectories(Path.of("target")).resolve("times.txt"),
					"%s: %d ms%n".formatted(what, millis), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
