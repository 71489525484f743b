package io.github.etcddiscovery.console.server;

import io.github.etcddiscovery.console.server.OpenServerCheck.OpenServerException;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Explains how to set a login.
 */
final class OpenServerFailureAnalyzer extends AbstractFailureAnalyzer<OpenServerException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, OpenServerException cause) {
		return new FailureAnalysis(cause.getMessage(),
				"Set 'spring.security.user.name' and '%s', or '%s' to a loopback address. If something else protects it, set '%s' to true"
					.formatted(EtcdConsoleServerApplication.PASSWORD, cause.property(), OpenServerCheck.ALLOW),
				cause);
	}

}
