package io.github.etcddiscovery.instance;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes JSON byte for byte like Go's {@code encoding/json}: the keys of a map in the
 * order of their bytes, and strings with characters escaped that are special in HTML or
 * JavaScript.
 */
final class GoJson {

	/**
	 * The order of UTF-8 bytes, which is that of code points and differs from that of
	 * {@link String}.
	 */
	private static final Comparator<String> BYTES = (one, other) -> Arrays.compare(one.codePoints().toArray(),
			other.codePoints().toArray());

	private GoJson() {
	}

	/**
	 * Write a map of strings.
	 */
	static String object(Map<String, String> map) {
		Map<String, String> sorted = new TreeMap<>(BYTES);
		sorted.putAll(map);
		StringBuilder json = new StringBuilder("{");
		sorted.forEach((name, value) -> {
			append((json.length() > 1) ? json.append(',') : json, name);
			append(json.append(':'), String.valueOf(value));
		});
		return json.append('}').toString();
	}

	/**
	 * Write a string, in quotes.
	 */
	static String string(String text) {
		StringBuilder json = new StringBuilder(text.length() + 2);
		append(json, text);
		return json.toString();
	}

	private static void append(StringBuilder json, String text) {
		json.append('"');
		text.codePoints().forEach((codePoint) -> {
			switch (codePoint) {
				case '"', '\\' -> json.append('\\').append((char) codePoint);
				case '\b' -> json.append("\\b");
				case '\f' -> json.append("\\f");
				case '\n' -> json.append("\\n");
				case '\r' -> json.append("\\r");
				case '\t' -> json.append("\\t");
				case '<', '>', '&', '\u2028', '\u2029' -> json.append("\\u%04x".formatted(codePoint));
				default -> {
					if (codePoint < ' ') {
						json.append("\\u%04x".formatted(codePoint));
					}
					else if (Character.getType(codePoint) == Character.SURROGATE) {
						// A lone surrogate: Go writes this for invalid UTF-8
						json.append("\\ufffd");
					}
					else {
						json.appendCodePoint(codePoint);
					}
				}
			}
		});
		json.append('"');
	}

}
