package io.github.etcddiscovery.instance;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The places of instances in etcd: below prefixes that services share, and at and below
 * the keys of single services without a prefix. No place lies within another.
 *
 * @param prefix the prefix below which this application also writes, without a trailing
 * slash
 * @param additionalPrefixes prefixes of other applications, without trailing slashes
 * @param serviceKeys the keys of single services by the name of the service, without
 * trailing slashes
 */
public record InstancePlaces(String prefix, List<String> additionalPrefixes, Map<String, String> serviceKeys) {

	/**
	 * Copy the collections.
	 */
	public InstancePlaces {
		additionalPrefixes = List.copyOf(additionalPrefixes);
		serviceKeys = Map.copyOf(serviceKeys);
	}

	/**
	 * The places of a single prefix.
	 * @param prefix the prefix, without a trailing slash
	 * @return the places
	 */
	public static InstancePlaces below(String prefix) {
		return new InstancePlaces(prefix, List.of(), Map.of());
	}

	/**
	 * All prefixes.
	 * @return the prefixes; the first one is also written to
	 */
	public List<String> prefixes() {
		return Stream.concat(Stream.of(this.prefix), this.additionalPrefixes.stream()).toList();
	}

	/**
	 * All places.
	 * @return the prefixes and the keys of single services
	 */
	public List<String> all() {
		return Stream.concat(prefixes().stream(), this.serviceKeys.values().stream().sorted()).toList();
	}

	/**
	 * The keys of a service.
	 * @param service the name of the service
	 * @return keys; each of them, and all keys below it, belong to the service
	 */
	public List<String> keysOf(String service) {
		return Stream
			.concat(prefixes().stream().map((prefix) -> prefix + "/" + service),
					Stream.ofNullable(this.serviceKeys.get(service)))
			.toList();
	}

	/**
	 * Parse a key.
	 * @param key the key
	 * @return its parts
	 * @throws InvalidInstanceException if the key does not name a service
	 */
	InstanceKey parse(String key) {
		for (Map.Entry<String, String> service : this.serviceKeys.entrySet()) {
			if (key.equals(service.getValue()) || InstanceKey.isBelow(service.getValue(), key)) {
				return InstanceKey.parse(service.getKey(), service.getValue(), key);
			}
		}
		for (String additional : this.additionalPrefixes) {
			if (InstanceKey.isBelow(additional, key)) {
				return InstanceKey.parse(additional, key);
			}
		}
		return InstanceKey.parse(this.prefix, key);
	}

}
