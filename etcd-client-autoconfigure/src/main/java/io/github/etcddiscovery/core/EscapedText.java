package io.github.etcddiscovery.core;

/**
 * Makes text from outside safe to show in a log line: escapes control characters, format
 * characters and lone surrogates, and cuts long text.
 */
public final class EscapedText {

	private static final int MAX_LENGTH = 200;

	private EscapedText() {
	}

	/**
	 * Escape and cut a text.
	 * @param text any text, of any length
	 * @return its first 200 characters on one line, followed by its length if it was
	 * longer
	 */
	public static String of(String text) {
		StringBuilder escaped = new StringBuilder(Math.min(text.length(), MAX_LENGTH) + 16);
		text.codePoints().limit(MAX_LENGTH).forEach((codePoint) -> append(escaped, codePoint));
		return (text.length() > MAX_LENGTH)
				? escaped.append("… (").append(text.length()).append(" characters)").toString() : escaped.toString();
	}

	private static void append(StringBuilder escaped, int codePoint) {
		switch (Character.getType(codePoint)) {
			case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.LINE_SEPARATOR,
					Character.PARAGRAPH_SEPARATOR, Character.PRIVATE_USE, Character.UNASSIGNED ->
				escaped.append("\\u{").append(Integer.toHexString(codePoint)).append('}');
			default -> escaped.appendCodePoint(codePoint);
		}
	}

}
