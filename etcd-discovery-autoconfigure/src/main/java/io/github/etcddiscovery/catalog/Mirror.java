package io.github.etcddiscovery.catalog;

import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

import io.github.etcddiscovery.watch.MirrorState;
import io.github.etcddiscovery.watch.Reflector;

/**
 * One mirror of a catalog.
 *
 * @param reflector keeps the mirror
 * @param feed applies its snapshots to the catalog
 * @param settled completes when its content is known, or when look-ups should not wait
 * for it
 */
record Mirror(Reflector reflector, Feed feed, CompletableFuture<Void> settled) {

	static CompletableFuture<Void> allSettled(Collection<Mirror> mirrors) {
		return CompletableFuture.allOf(mirrors.stream().map(Mirror::settled).toArray(CompletableFuture[]::new));
	}

	static MirrorState state(Stream<Mirror> mirrors) {
		return MirrorState.of(mirrors.map(Mirror::reflector).map(Reflector::state).toList());
	}

}
