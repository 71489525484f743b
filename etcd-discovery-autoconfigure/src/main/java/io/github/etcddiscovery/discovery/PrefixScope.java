package io.github.etcddiscovery.discovery;

import java.util.List;
import java.util.concurrent.CompletableFuture;

import io.github.etcddiscovery.watch.MirrorState;
import io.github.etcddiscovery.watch.Reflector;

/**
 * All services in one mirror.
 */
final class PrefixScope implements CatalogScope {

	private final Reflector reflector;

	private final FirstSync firstSync;

	PrefixScope(Reflector reflector, FirstSync firstSync) {
		this.reflector = reflector;
		this.firstSync = firstSync;
	}

	@Override
	public void start() {
		this.reflector.start();
	}

	@Override
	public void stop() {
		this.reflector.stop();
	}

	@Override
	public void close() {
		this.reflector.close();
	}

	@Override
	public void use(String serviceId) {
	}

	@Override
	public CompletableFuture<Void> known(String serviceId) {
		return this.firstSync.orTimeout();
	}

	@Override
	public CompletableFuture<Void> namesKnown() {
		return this.firstSync.orTimeout();
	}

	@Override
	public boolean isKnown(String serviceId) {
		return this.firstSync.isDone();
	}

	@Override
	public boolean areNamesKnown() {
		return this.firstSync.isDone();
	}

	@Override
	public List<String> names(Catalog catalog) {
		return catalog.names();
	}

	@Override
	public MirrorState state() {
		return this.reflector.state();
	}

}
