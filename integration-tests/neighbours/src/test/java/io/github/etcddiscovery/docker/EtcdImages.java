package io.github.etcddiscovery.docker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The images that the tests with a Docker engine run.
 */
public final class EtcdImages {

	/**
	 * Bitnami's, which understands {@code ETCD_ROOT_PASSWORD}.
	 */
	public static final String BITNAMI = "bitnamilegacy/etcd:3.6";

	private EtcdImages() {
	}

	/**
	 * The official one that docker-compose.yml names.
	 * @return the name of the image
	 */
	public static String official() {
		try {
			return Files.readAllLines(Path.of("..", "..", "docker-compose.yml"))
				.stream()
				.filter((line) -> line.startsWith("x-etcd-image: "))
				.map((line) -> line.substring(line.lastIndexOf(' ') + 1))
				.findFirst()
				.orElseThrow();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
