package io.github.etcddiscovery.catalog;

import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

import io.github.etcddiscovery.watch.MirrorState;
import io.github.etcddiscovery.watch.Reflector;

/**
 * A mirror that is part of a catalog.
 *
 * @param reflector keeps it
 * @param feed brings it into the catalog
 * @param settled completes when what it has to say is known, or when it has nothing to
 * say for now and nobody is to wait for it
 */
record Mirror(Reflector reflector, Feed feed, CompletableFuture<Void> settled) {

	static CompletableFuture<Void> allSettled(Collection<Mirror> mirrors) {
		return CompletableFuture.allOf(mirrors.stream().map(Mirror::settled).toArray(CompletableFuture[]::new));
	}

	static MirrorState state(Stream<Mirror> mirrors) {
		return MirrorState.of(mirrors.map(Mirror::reflector).map(Reflector::state).toList());
	}

}
