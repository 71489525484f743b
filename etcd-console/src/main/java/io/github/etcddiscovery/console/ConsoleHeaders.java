package io.github.etcddiscovery.console;

import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.util.ClassUtils;

/**
 * The headers of every response, and the header that a change requires.
 */
final class ConsoleHeaders {

	/**
	 * Only the page's own files, no code from strings, and no frames.
	 */
	static final Map<String, String> ALL = Map.of("Content-Security-Policy",
			"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
					+ "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
					+ "require-trusted-types-for 'script'; trusted-types lit-html",
			"X-Content-Type-Options", "nosniff", "X-Frame-Options", "DENY", "Referrer-Policy", "no-referrer",
			"Cross-Origin-Opener-Policy", "same-origin", "Cross-Origin-Resource-Policy", "same-origin", "Cache-Control",
			"no-store");

	/**
	 * A header that no form can send, nor a script of another origin unless it is allowed
	 * to.
	 */
	static final String REQUESTED_WITH = "X-Requested-With";

	/**
	 * The name and value of the header that Spring Security requires with a change. No
	 * other site can read them. The page requests them only right before a change, since
	 * that may begin a session.
	 */
	static final String CSRF_HEADER = "X-CSRF-Header";

	static final String CSRF_TOKEN = "X-CSRF-Token";

	static final boolean SECURITY = ClassUtils.isPresent("org.springframework.security.web.csrf.CsrfToken",
			ConsoleHeaders.class.getClassLoader());

	private final String base;

	/**
	 * Create it.
	 * @param base the path of the page
	 */
	ConsoleHeaders(String base) {
		this.base = base;
	}

	boolean isConsole(String path) {
		return path.equals(this.base) || path.startsWith(this.base + "/");
	}

	/**
	 * Whether this is the page's request for that header.
	 */
	boolean isCsrf(String path) {
		return SECURITY && path.equals(this.base + "/csrf");
	}

	static boolean isForged(String method, @Nullable String requestedWith) {
		return !method.equals("GET") && !method.equals("HEAD") && !method.equals("OPTIONS")
				&& !EtcdConsoleEndpoint.ID.equals(requestedWith);
	}

}
