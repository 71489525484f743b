package io.github.etcddiscovery.config;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Explains the form of an import from etcd.
 */
final class InvalidImportFailureAnalyzer extends AbstractFailureAnalyzer<InvalidImportException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, InvalidImportException failure) {
		return new FailureAnalysis(
				"The import '%s' is not valid. %s.".formatted(failure.getLocation(), failure.getMessage()),
				"An import is 'etcd:', 'etcd:/some/tree/' or 'etcd:/some/document.yaml', with options such as '?prefix=app.' behind it.",
				failure);
	}

}
