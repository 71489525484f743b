package io.github.etcddiscovery.discovery;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

import io.github.etcddiscovery.instance.EscapedText;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.aot.hint.BindingReflectionHintsRegistrar;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;

/**
 * A catalog on disk, for a start while etcd is away. It holds what is needed to call the
 * instances and no metadata whose name suggests a secret. A file is replaced as a whole
 * or not at all; one of another version or prefix, or one that can't be read, is as good
 * as none.
 */
final class CatalogFile {

	private static final Log logger = LogFactory.getLog(CatalogFile.class);

	private static final int VERSION = 1;

	private static final Pattern SECRET = Pattern.compile("(?i).*(password|passwd|secret|token|credential|api.?key).*");

	private final Path file;

	private final String prefix;

	private final JsonMapper mapper = JsonMapper.builder().build();

	private boolean failed;

	CatalogFile(Path file, String prefix) {
		this.file = file.toAbsolutePath();
		this.prefix = prefix;
	}

	/**
	 * Replace the file. What goes wrong is said once and harms nothing else.
	 * @return whether it was replaced
	 */
	boolean save(Catalog catalog) {
		List<Row> rows = new ArrayList<>();
		catalog.instancesByKey()
			.forEach((key, instances) -> instances.forEach((instance) -> rows.add(Row.of(key, instance))));
		byte[] content = this.mapper.writeValueAsBytes(new Content(VERSION, this.prefix, catalog.revision(), rows));
		try {
			replace(content);
			this.failed = false;
			return true;
		}
		catch (IOException ex) {
			if (!this.failed) {
				logger.warn(
						"The snapshot of '%s' could not be written: %s. Check 'spring.cloud.etcd.discovery.snapshot.file'"
							.formatted(this.prefix, ex));
			}
			this.failed = true;
			return false;
		}
	}

	private void replace(byte[] content) throws IOException {
		Files.createDirectories(this.file.getParent());
		// For its owner's eyes only, as temporary files are made.
		Path temporary = Files.createTempFile(this.file.getParent(), this.file.getFileName().toString(), ".tmp");
		try {
			try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
				ByteBuffer buffer = ByteBuffer.wrap(content);
				while (buffer.hasRemaining()) {
					channel.write(buffer);
				}
				channel.force(true);
			}
			Files.move(temporary, this.file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
		}
		finally {
			Files.deleteIfExists(temporary);
		}
	}

	/**
	 * Read the file.
	 */
	Optional<Catalog> load() {
		try {
			Content content = this.mapper.readValue(Files.readAllBytes(this.file), Content.class);
			if (content.version() != VERSION || !this.prefix.equals(content.prefix())) {
				logger.warn("The snapshot in %s is of another version or prefix and is not used".formatted(this.file));
				return Optional.empty();
			}
			Map<String, List<EtcdServiceInstance>> instances = new TreeMap<>();
			content.instances()
				.forEach((row) -> instances.computeIfAbsent(row.key(), (key) -> new ArrayList<>())
					.add(row.toInstance()));
			return Optional.of(Catalog.of(content.revision(), instances));
		}
		catch (NoSuchFileException ex) {
			return Optional.empty();
		}
		catch (IOException | JacksonException | IllegalArgumentException | NullPointerException ex) {
			logger.warn("The snapshot in %s can't be read and is not used: %s".formatted(this.file,
					EscapedText.of(ex.toString())));
			return Optional.empty();
		}
	}

	/**
	 * Jackson reflects upon what it reads and writes.
	 */
	static final class Hints implements RuntimeHintsRegistrar {

		@Override
		public void registerHints(RuntimeHints hints, @Nullable ClassLoader classLoader) {
			new BindingReflectionHintsRegistrar().registerReflectionHints(hints.reflection(), Content.class);
		}

	}

	private record Content(int version, String prefix, long revision, List<Row> instances) {
	}

	private record Row(String key, String service, String id, String host, int port, boolean secure,
			InstanceStatus status, Map<String, String> metadata, @Nullable Boolean grpcOnly) {

		static Row of(String key, EtcdServiceInstance instance) {
			Map<String, String> metadata = new LinkedHashMap<>(instance.getMetadata());
			metadata.keySet().removeIf((name) -> SECRET.matcher(name).matches());
			return new Row(key, instance.getServiceId(), String.valueOf(instance.getInstanceId()), instance.getHost(),
					instance.getPort(), instance.isSecure(), instance.getStatus(), metadata,
					instance.isGrpcOnly() ? true : null);
		}

		EtcdServiceInstance toInstance() {
			return new EtcdServiceInstance(this.service, this.id, this.host, this.port, this.secure, this.status,
					this.metadata, Boolean.TRUE.equals(this.grpcOnly));
		}

	}

}
