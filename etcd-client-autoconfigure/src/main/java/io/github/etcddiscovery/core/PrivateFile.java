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
 * A file that only its owner may read, and that is never seen half written.
 */
public final class PrivateFile {

	private PrivateFile() {
	}

	/**
	 * Replace the file, and make its directory if there is none. The content is on the
	 * disk before it takes the place of the former one.
	 * @param file where it is, as an absolute path
	 * @param content what it is to hold
	 * @throws IOException if it can't be written; the former file is there then
	 */
	public static void replace(Path file, byte[] content) throws IOException {
		Path directory = Objects.requireNonNull(file.getParent());
		Files.createDirectories(directory);
		// For its owner's eyes only, as temporary files are made
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
