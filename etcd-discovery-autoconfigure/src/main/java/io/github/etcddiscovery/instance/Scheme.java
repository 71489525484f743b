package io.github.etcddiscovery.instance;

import io.github.etcddiscovery.core.EscapedText;
import org.jspecify.annotations.Nullable;

/**
 * What is spoken at an address.
 *
 * @param secure whether it is TLS
 * @param grpcOnly whether it is gRPC and nothing else
 */
record Scheme(boolean secure, boolean grpcOnly) {

	/**
	 * Read a scheme.
	 * @param text the scheme in lower case; none is http
	 * @return what it stands for
	 * @throws InvalidInstanceException if it is another one
	 */
	static Scheme of(@Nullable String text) {
		String scheme = (text != null) ? text : "http";
		return switch (scheme) {
			case "http" -> new Scheme(false, false);
			case "https" -> new Scheme(true, false);
			case "grpc" -> new Scheme(false, true);
			case "grpcs" -> new Scheme(true, true);
			default -> throw new InvalidInstanceException(
					"the scheme '%s' is none of http, https, grpc and grpcs".formatted(EscapedText.of(scheme)));
		};
	}

}
