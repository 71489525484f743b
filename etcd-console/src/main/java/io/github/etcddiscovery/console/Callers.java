package io.github.etcddiscovery.console;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import io.github.etcddiscovery.core.EscapedText;
import io.github.etcddiscovery.watch.Entry;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Which applications call which services, as they have announced. Immutable.
 *
 * @param all the applications that call others, in alphabetical order
 * @param rejected the values that are passed over, and why, by key
 */
record Callers(List<Caller> all, Map<String, String> rejected) {

	static final Callers NONE = new Callers(List.of(), Map.of());

	private static final int MAX_LENGTH = 200_000;

	private static final int MAX_SERVICES = 1000;

	/**
	 * Read the announcements below a prefix.
	 * @param prefix the prefix, with a trailing slash
	 * @param entries the entries, by key
	 */
	static Callers of(String prefix, Map<String, Entry> entries) {
		Map<String, Caller> callers = new TreeMap<>();
		Map<String, String> rejected = new TreeMap<>();
		entries.forEach((key, entry) -> {
			String rest = key.substring(prefix.length());
			int slash = rest.indexOf('/');
			try {
				if (slash <= 0 || slash == rest.length() - 1) {
					throw new IllegalArgumentException(
							"the key of a consumer is %s<application>/<instance>".formatted(EscapedText.of(prefix)));
				}
				Set<String> calls = parse(entry.value());
				callers.compute(rest.substring(0, slash),
						(name, caller) -> ((caller != null) ? caller : new Caller(name, 0, Map.of())).and(calls));
			}
			catch (IllegalArgumentException ex) {
				rejected.put(key, String.valueOf(ex.getMessage()));
			}
		});
		return new Callers(List.copyOf(callers.values()), rejected);
	}

	/**
	 * The callers of a service.
	 * @return the number of calling instances, by application
	 */
	Map<String, Integer> of(String service) {
		Map<String, Integer> callers = new TreeMap<>();
		this.all.forEach((caller) -> {
			Integer instances = caller.calls.get(service);
			if (instances != null) {
				callers.put(caller.application, instances);
			}
		});
		return callers;
	}

	/**
	 * The services that an application calls.
	 * @return the number of its calling instances, by service
	 */
	Map<String, Integer> calls(String application) {
		return this.all.stream()
			.filter((caller) -> caller.application.equals(application))
			.findFirst()
			.map(Caller::calls)
			.orElse(Map.of());
	}

	private static Set<String> parse(String value) {
		if (value.length() <= MAX_LENGTH) {
			try {
				JsonNode calls = JsonMapper.shared().readTree(value).path("calls");
				if (calls.isArray() && calls.size() <= MAX_SERVICES) {
					Set<String> names = new LinkedHashSet<>();
					calls.forEach((name) -> names.add(name.asString("")));
					return names;
				}
			}
			catch (JacksonException | StackOverflowError ex) {
				// Said below
			}
		}
		throw new IllegalArgumentException(
				"it does not name the called services, as in {\"calls\":[\"orders\"]} with at most %d names"
					.formatted(MAX_SERVICES));
	}

	/**
	 * An application that calls others.
	 *
	 * @param application its name
	 * @param instances the number of its instances that have announced their calls
	 * @param calls the number of its calling instances, by the name of the service
	 */
	record Caller(String application, int instances, Map<String, Integer> calls) {

		Caller and(Set<String> services) {
			Map<String, Integer> calls = new TreeMap<>(this.calls);
			services.forEach((service) -> calls.merge(service, 1, Integer::sum));
			return new Caller(this.application, this.instances + 1, calls);
		}

	}

}
