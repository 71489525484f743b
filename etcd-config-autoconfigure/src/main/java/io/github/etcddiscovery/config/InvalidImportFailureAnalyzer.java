package io.github.etcddiscovery.config;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Explains what an import from etcd may look like.
 */
final class InvalidImportFailureAnalyzer extends AbstractFailureAnalyzer<InvalidImportException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, InvalidImportException failure) {
		return new FailureAnalysis(
				"The import '%s' can't be understood. %s.".formatted(failure.getLocation(), failure.getMessage()),
				"An import is 'etcd:', 'etcd:/some/tree/' or 'etcd:/some/document.yaml', with options such as '?prefix=app.' behind it.",
				failure);
	}

}
