package io.github.etcddiscovery.core;

/**
 * Text that came from outside, made safe to show in a log line: control characters,
 * format characters and lone surrogates are written as escapes, and the text is cut.
 */
public final class EscapedText {

	private static final int MAX_LENGTH = 200;

	private EscapedText() {
	}

	/**
	 * Escape a text.
	 * @param text the text
	 * @return at most some 200 characters of it, on one line
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
