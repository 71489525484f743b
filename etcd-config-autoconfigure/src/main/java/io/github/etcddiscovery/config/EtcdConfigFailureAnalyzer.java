package io.github.etcddiscovery.config;

import java.util.Objects;

import io.github.etcddiscovery.core.EtcdAccessException;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Explains why an import from etcd could not be loaded.
 */
final class EtcdConfigFailureAnalyzer extends AbstractFailureAnalyzer<EtcdConfigLoadException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, EtcdConfigLoadException failure) {
		String description = failure.getMessage() + ".";
		if (failure.getCause() instanceof InvalidConfigException invalid) {
			return new FailureAnalysis(description, invalid.getAdvice() + ".", failure);
		}
		EtcdAccessException access = EtcdAccessException.of(Objects.requireNonNull(failure.getCause()));
		String advice = access.getAdvice() + ".";
		if (!access.getKind().isRefusal()) {
			advice += "%nOr put 'optional:' before the import, as in 'optional:%s': then the application starts without its configuration, and applies it as soon as etcd can be read."
				.formatted(failure.getLocation());
		}
		return new FailureAnalysis(description, advice, failure);
	}

}
