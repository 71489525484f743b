package io.github.etcddiscovery.instance;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Where instances stand in etcd: below prefixes that services share, and at and below
 * keys of single services that have no prefix. None of them lies within another.
 *
 * @param prefix the prefix that is also written to, without a slash at its end
 * @param additionalPrefixes prefixes of others, without slashes at their ends
 * @param serviceKeys the keys of single services by the name of the service, without
 * slashes at their ends
 */
public record InstancePlaces(String prefix, List<String> additionalPrefixes, Map<String, String> serviceKeys) {

	/**
	 * Copy what is given.
	 */
	public InstancePlaces {
		additionalPrefixes = List.copyOf(additionalPrefixes);
		serviceKeys = Map.copyOf(serviceKeys);
	}

	/**
	 * One prefix.
	 * @param prefix the prefix, without a slash at its end
	 * @return the place
	 */
	public static InstancePlaces below(String prefix) {
		return new InstancePlaces(prefix, List.of(), Map.of());
	}

	/**
	 * All prefixes.
	 * @return the prefixes, the one that is written to first
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
	 * Where the instances of a service stand.
	 * @param service the name of the service
	 * @return keys; each of them, and whatever stands below it, is of that service
	 */
	public List<String> keysOf(String service) {
		return Stream
			.concat(prefixes().stream().map((prefix) -> prefix + "/" + service),
					Stream.ofNullable(this.serviceKeys.get(service)))
			.toList();
	}

	/**
	 * The service and the instance that a key belongs to.
	 * @param key the key
	 * @return its parts
	 * @throws InvalidInstanceException if it names none
	 */
	InstanceKey parse(String key) {
		for (Map.Entry<String, String> service : this.serviceKeys.entrySet()) {
			if (key.equals(service.getValue()) || key.startsWith(service.getValue() + "/")) {
				return InstanceKey.parse(service.getKey(), service.getValue(), key);
			}
		}
		for (String additional : this.additionalPrefixes) {
			if (key.startsWith(additional + "/")) {
				return InstanceKey.parse(additional, key);
			}
		}
		return InstanceKey.parse(this.prefix, key);
	}

}
