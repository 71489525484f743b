package io.github.etcddiscovery.console;

import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.util.ClassUtils;

/**
 * What is said to the browser with every answer, and what it has to say to change
 * something.
 */
final class ConsoleHeaders {

	/**
	 * Nothing but the page's own files, no code that was text before, in no frame.
	 */
	static final Map<String, String> ALL = Map.of("Content-Security-Policy",
			"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
					+ "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
					+ "require-trusted-types-for 'script'; trusted-types lit-html",
			"X-Content-Type-Options", "nosniff", "X-Frame-Options", "DENY", "Referrer-Policy", "no-referrer",
			"Cross-Origin-Opener-Policy", "same-origin", "Cross-Origin-Resource-Policy", "same-origin", "Cache-Control",
			"no-store");

	/**
	 * A header that no form can send, and no script of another origin without being
	 * allowed to.
	 */
	static final String REQUESTED_WITH = "X-Requested-With";

	/**
	 * Which header Spring Security wants to see with a change, and with what in it. No
	 * other site can read it, and the page asks for it right before a change only, since
	 * that may begin a session.
	 */
	static final String CSRF_HEADER = "X-CSRF-Header";

	static final String CSRF_TOKEN = "X-CSRF-Token";

	static final boolean SECURITY = ClassUtils.isPresent("org.springframework.security.web.csrf.CsrfToken",
			ConsoleHeaders.class.getClassLoader());

	private final String base;

	/**
	 * Know the paths.
	 * @param base the path of the page
	 */
	ConsoleHeaders(String base) {
		this.base = base;
	}

	boolean isConsole(String path) {
		return path.equals(this.base) || path.startsWith(this.base + "/");
	}

	/**
	 * Whether the page asks what Spring Security wants to see.
	 */
	boolean isCsrf(String path) {
		return SECURITY && path.equals(this.base + "/csrf");
	}

	static boolean isForged(String method, @Nullable String requestedWith) {
		return !method.equals("GET") && !method.equals("HEAD") && !method.equals("OPTIONS")
				&& !EtcdConsoleEndpoint.ID.equals(requestedWith);
	}

}
