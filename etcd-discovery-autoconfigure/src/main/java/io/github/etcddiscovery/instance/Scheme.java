package io.github.etcddiscovery.instance;

import io.github.etcddiscovery.core.EscapedText;
import org.jspecify.annotations.Nullable;

/**
 * The protocol of an address.
 *
 * @param secure whether the protocol uses TLS
 * @param grpcOnly whether only gRPC is spoken
 */
record Scheme(boolean secure, boolean grpcOnly) {

	/**
	 * Parse a scheme.
	 * @param text the scheme in lower case, or {@code null} for http
	 * @return the protocol
	 * @throws InvalidInstanceException if the scheme is unknown
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
