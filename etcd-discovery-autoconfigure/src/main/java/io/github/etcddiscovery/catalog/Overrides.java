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
 * What operators have decided of instances. Nothing of it changes; it is applied on the
 * loop of the catalog only.
 */
public final class Overrides {

	static final Overrides NONE = new Overrides(Map.of(), Map.of());

	private final Map<String, Map<String, InstanceOverride>> byService;

	private final Map<String, String> rejected;

	/**
	 * An instance is the same object until it changes, also when it is overridden.
	 */
	private final Map<EtcdServiceInstance, EtcdServiceInstance> overridden = new HashMap<>();

	private Overrides(Map<String, Map<String, InstanceOverride>> byService, Map<String, String> rejected) {
		this.byService = byService;
		this.rejected = rejected;
	}

	/**
	 * Read what stands below a prefix.
	 * @param prefix the prefix, with a slash at its end
	 * @param entries what stands there, by key
	 * @param now the time: what has ended by then is left out
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
	 * The override of an instance.
	 * @param service the name of the service
	 * @param instanceId the id of the instance
	 * @return the override, or {@code null} if there is none
	 */
	public @Nullable InstanceOverride find(String service, @Nullable String instanceId) {
		return this.byService.getOrDefault(service, Map.of()).get(String.valueOf(instanceId));
	}

	/**
	 * All of them.
	 * @return overrides by the name of the service and the id of the instance
	 */
	public Map<String, Map<String, InstanceOverride>> all() {
		return Collections.unmodifiableMap(this.byService);
	}

	/**
	 * The values that are passed over, and why.
	 * @return reasons by key
	 */
	public Map<String, String> rejected() {
		return this.rejected;
	}

	Set<String> services() {
		return this.byService.keySet();
	}

	/**
	 * When the first of them ends.
	 */
	Optional<Instant> firstEnd() {
		return this.byService.values()
			.stream()
			.flatMap((overrides) -> overrides.values().stream())
			.map(InstanceOverride::until)
			.min(Instant::compareTo);
	}

	/**
	 * The instance as it counts.
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
