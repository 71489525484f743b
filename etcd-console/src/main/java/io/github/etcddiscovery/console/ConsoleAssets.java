package io.github.etcddiscovery.console;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.util.MimeType;

/**
 * The files of the page. They are read once; a request can't name other files.
 */
final class ConsoleAssets {

	static final String LOCATION = "META-INF/etcd-console/";

	static final List<String> NAMES = List.of("index.html", "app.js", "charts.js", "console.css", "icon.svg",
			"lists.js", "lit.js", "pages.js", "store.js", "text.js");

	private static final Map<String, MimeType> TYPES = Map.of("html",
			new MimeType("text", "html", StandardCharsets.UTF_8), "js",
			new MimeType("text", "javascript", StandardCharsets.UTF_8), "css",
			new MimeType("text", "css", StandardCharsets.UTF_8), "svg",
			new MimeType("image", "svg+xml", StandardCharsets.UTF_8));

	private final Map<String, byte[]> files = new HashMap<>();

	ConsoleAssets() {
		NAMES.forEach((name) -> this.files.put(name, read(name)));
	}

	private static byte[] read(String name) {
		try (InputStream file = ConsoleAssets.class.getClassLoader().getResourceAsStream(LOCATION + name)) {
			if (file == null) {
				throw new IllegalStateException("The jar has no " + LOCATION + name);
			}
			return file.readAllBytes();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * The page.
	 * @param base the path of the other files, relative to the page
	 */
	byte[] page(String base) {
		return new String(this.files.get("index.html"), StandardCharsets.UTF_8).replace("{{base}}", base)
			.getBytes(StandardCharsets.UTF_8);
	}

	byte @Nullable [] file(String name) {
		return name.equals("index.html") ? null : this.files.get(name);
	}

	static MimeType type(String name) {
		return TYPES.getOrDefault(name.substring(name.lastIndexOf('.') + 1), new MimeType("application", "json"));
	}

}
