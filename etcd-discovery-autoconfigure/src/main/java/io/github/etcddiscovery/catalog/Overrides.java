package io.github.etcddiscovery.catalog;

import java.time.Instant;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

import io.github.etcddiscovery.core.EscapedText;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.watch.Entry;
import org.jspecify.annotations.Nullable;

/**
 * The overrides of operators. They never change, and are applied on the loop of the
 * catalog only.
 */
public final class Overrides {

	static final Overrides NONE = new Overrides(Map.of(), Map.of());

	private final Map<String, Map<String, InstanceOverride>> byService;

	private final Map<String, String> rejected;

	/**
	 * Overridden instances by their originals, so that an instance stays the same object
	 * until it changes.
	 */
	private final Map<EtcdServiceInstance, EtcdServiceInstance> overridden = new HashMap<>();

	private Overrides(Map<String, Map<String, InstanceOverride>> byService, Map<String, String> rejected) {
		this.byService = byService;
		this.rejected = rejected;
	}

	/**
	 * Parse the entries below a prefix.
	 * @param prefix the prefix, with its trailing slash
	 * @param entries the entries by key
	 * @param now the current time; overrides that have ended by then are left out
	 */
	static Overrides of(String prefix, Map<String, Entry> entries, Instant now) {
		Map<String, Map<String, InstanceOverride>> byService = new TreeMap<>();
		Map<String, String> rejected = new TreeMap<>();
		entries.forEach((key, entry) -> {
			String rest = key.substring(prefix.length());
			int slash = rest.indexOf('/');
			try {
				if (slash <= 0 || slash == rest.length() - 1) {
					throw new IllegalArgumentException(
							"the key of an override is %s<service>/<instance>".formatted(EscapedText.of(prefix)));
				}
				InstanceOverride override = InstanceOverride.parse(entry.value());
				if (override.until().isAfter(now)) {
					byService.computeIfAbsent(rest.substring(0, slash), (service) -> new TreeMap<>())
						.put(rest.substring(slash + 1), override);
				}
			}
			catch (IllegalArgumentException ex) {
				rejected.put(key, String.valueOf(ex.getMessage()));
			}
		});
		return new Overrides(byService, rejected);
	}

	/**
	 * Find the override of an instance.
	 * @param service the name of the service
	 * @param instanceId the id of the instance
	 * @return the override, or {@code null} if there is none
	 */
	public @Nullable InstanceOverride find(String service, @Nullable String instanceId) {
		return this.byService.getOrDefault(service, Map.of()).get(String.valueOf(instanceId));
	}

	/**
	 * All overrides.
	 * @return overrides by the name of the service and the id of the instance
	 */
	public Map<String, Map<String, InstanceOverride>> all() {
		return Collections.unmodifiableMap(this.byService);
	}

	/**
	 * The keys whose values are passed over.
	 * @return the reasons, by key
	 */
	public Map<String, String> rejected() {
		return this.rejected;
	}

	Set<String> services() {
		return this.byService.keySet();
	}

	/**
	 * When the first override ends.
	 */
	Optional<Instant> firstEnd() {
		return this.byService.values()
			.stream()
			.flatMap((overrides) -> overrides.values().stream())
			.map(InstanceOverride::until)
			.min(Instant::compareTo);
	}

	/**
	 * The instance with its override, or the same object if there is none.
	 */
	EtcdServiceInstance apply(EtcdServiceInstance instance) {
		if (this.byService.isEmpty()) {
			return instance;
		}
		InstanceOverride override = find(instance.getServiceId(), instance.getInstanceId());
		return (override != null) ? this.overridden.computeIfAbsent(instance, override::apply) : instance;
	}

	@Override
	public boolean equals(@Nullable Object other) {
		return other instanceof Overrides overrides && this.byService.equals(overrides.byService)
				&& this.rejected.equals(overrides.rejected);
	}

	@Override
	public int hashCode() {
		return this.byService.hashCode();
	}

}
