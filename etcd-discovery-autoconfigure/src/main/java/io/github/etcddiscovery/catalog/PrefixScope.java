package io.github.etcddiscovery.catalog;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

import io.github.etcddiscovery.instance.InstancePlaces;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.Reflector;

/**
 * Follows all services, in one mirror for each prefix and two for each service without a
 * prefix.
 */
final class PrefixScope implements CatalogScope {

	private final List<Mirror> mirrors;

	private final FirstSync firstSync;

	PrefixScope(List<Mirror> mirrors, FirstSync firstSync) {
		this.mirrors = mirrors;
		this.firstSync = firstSync;
	}

	/**
	 * The ranges of keys at some places.
	 */
	static Stream<KeyRange> ranges(InstancePlaces places) {
		return Stream.concat(places.prefixes().stream().map((prefix) -> KeyRange.prefix(prefix + "/")),
				places.serviceKeys().values().stream().sorted().flatMap(PrefixScope::ranges));
	}

	/**
	 * The two ranges of a service: its key, and the keys below it. A single range would
	 * include neighbours of the key.
	 */
	static Stream<KeyRange> ranges(String serviceKey) {
		return Stream.of(KeyRange.single(serviceKey), KeyRange.prefix(serviceKey + "/"));
	}

	@Override
	public void start() {
		this.mirrors.stream().map(Mirror::reflector).forEach(Reflector::start);
	}

	@Override
	public void stop() {
		this.mirrors.stream().map(Mirror::reflector).forEach(Reflector::stop);
	}

	@Override
	public void close() {
		this.mirrors.stream().map(Mirror::reflector).forEach(Reflector::close);
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
	public List<String> names(Catalog catalog, boolean management) {
		return management ? catalog.names() : catalog.applicationNames();
	}

	@Override
	public Stream<Mirror> mirrors() {
		return this.mirrors.stream();
	}

	@Override
	public Stream<Mirror> mirrors(String serviceId) {
		return mirrors();
	}

}
