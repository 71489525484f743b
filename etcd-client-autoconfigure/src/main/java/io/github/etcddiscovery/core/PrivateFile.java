package io.github.etcddiscovery.core;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;

/**
 * Writes files that only their owner may read, and that nobody ever sees half written.
 */
public final class PrivateFile {

	private PrivateFile() {
	}

	/**
	 * Replace a file atomically, and create its directory if there is none. The new
	 * content is on the disk before it replaces the old.
	 * @param file an absolute path
	 * @param content the whole new content
	 * @throws IOException if the file can't be written; the old one is still there then
	 */
	public static void replace(Path file, byte[] content) throws IOException {
		Path directory = Objects.requireNonNull(file.getParent());
		Files.createDirectories(directory);
		// createTempFile lets only the owner read the file
		Path temporary = Files.createTempFile(directory, Objects.requireNonNull(file.getFileName()).toString(), ".tmp");
		try {
			try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
				ByteBuffer buffer = ByteBuffer.wrap(content);
				while (buffer.hasRemaining()) {
					channel.write(buffer);
				}
				channel.force(true);
			}
			Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
		}
		finally {
			Files.deleteIfExists(temporary);
		}
	}

}
