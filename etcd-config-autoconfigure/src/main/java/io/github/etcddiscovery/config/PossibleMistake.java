package io.github.etcddiscovery.config;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

/**
 * Tells whether a revision may be a mistake, which is held until a person accepts it:
 * configuration does not vanish all at once, and does not come from another cluster.
 */
final class PossibleMistake {

	private PossibleMistake() {
	}

	/**
	 * Look for a mistake.
	 * @param last the present state
	 * @param reading the content that was read
	 * @return the possible mistake, or {@code null}
	 */
	static @Nullable String of(ConfigState last, Reading reading) {
		if (last.revision() == 0) {
			return null;
		}
		if (reading.clusterId() != last.clusterId()) {
			return "it is from another cluster";
		}
		boolean back = reading.revision() < last.revision();
		Set<String> locations = reading.sources()
			.stream()
			.map(ImportSource::location)
			.collect(Collectors.toCollection(TreeSet::new));
		for (String location : locations) {
			List<ImportSource> sources = reading.sources()
				.stream()
				.filter((source) -> source.location().equals(location))
				.toList();
			long before = sources.stream().mapToLong((source) -> last.of(source).entries().size()).sum();
			if (before > 0 && sources.stream().allMatch((source) -> reading.keys(source).findAny().isEmpty())) {
				if (back) {
					return "etcd was wiped or restored, and nothing is left of '%s'".formatted(location);
				}
				if (before > 1) {
					return "all %d keys of '%s' are gone".formatted(before, location);
				}
				// A single property may be deleted on purpose, a required document hardly
				if (sources.stream().anyMatch(ImportSource::required)) {
					return "'%s' is gone".formatted(location);
				}
			}
		}
		return null;
	}

}
