package io.github.etcddiscovery.registry;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Explains why the start failed with {@code fail-fast}.
 */
final class RegistrationFailureAnalyzer extends AbstractFailureAnalyzer<RegistrationFailedException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, RegistrationFailedException cause) {
		return new FailureAnalysis(cause.getMessage() + ".",
				cause.getFailure().getAdvice()
						+ ". To start all the same and register as soon as that is possible, set "
						+ "'spring.cloud.etcd.discovery.fail-fast' to false.",
				cause);
	}

}
