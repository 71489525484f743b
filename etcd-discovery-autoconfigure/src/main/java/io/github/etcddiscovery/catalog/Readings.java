package io.github.etcddiscovery.catalog;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.function.BiConsumer;

import org.jspecify.annotations.Nullable;

/**
 * The readings of one service, in the order of their keys. Immutable. The readings are an
 * array, so a change copies a few bytes per key; publishing a list of the instances
 * requires such a copy anyway.
 */
final class Readings extends AbstractMap<String, Reading> {

	static final Readings NONE = new Readings(new Reading[0]);

	private final Reading[] byKey;

	private Readings(Reading[] byKey) {
		this.byKey = byKey;
	}

	/**
	 * The first readings of a service.
	 * @param readings one for each key, in the order of the keys
	 */
	static Readings of(List<Reading> readings) {
		return new Readings(readings.toArray(Reading[]::new));
	}

	/**
	 * Convert changes to a patch.
	 * @param changes the new reading of each changed key, or {@code null} if it has none
	 */
	Patch<Reading> patch(SortedMap<String, @Nullable Reading> changes) {
		return new Patch<>(changes.keySet().stream().mapToInt(this::place).toArray(),
				new ArrayList<>(changes.values()));
	}

	/**
	 * Apply changes to these readings.
	 */
	Readings with(Patch<Reading> patch) {
		return patch.isEmpty() ? this : new Readings(patch.apply(this.byKey));
	}

	/**
	 * Find the index of a key.
	 * @return the index, or -1 - the index of its insertion if there is no such key
	 */
	private int place(String key) {
		int low = 0;
		int high = this.byKey.length - 1;
		while (low <= high) {
			int middle = (low + high) >>> 1;
			int order = this.byKey[middle].entry().key().compareTo(key);
			if (order == 0) {
				return middle;
			}
			low = (order < 0) ? middle + 1 : low;
			high = (order < 0) ? high : middle - 1;
		}
		return -1 - low;
	}

	/**
	 * The reading at an index.
	 * @param place the index, or -1
	 * @return the reading, or {@code null} for -1
	 */
	@Nullable Reading at(int place) {
		return (place >= 0) ? this.byKey[place] : null;
	}

	@Override
	public @Nullable Reading get(@Nullable Object key) {
		return (key instanceof String name) ? at(place(name)) : null;
	}

	@Override
	public boolean containsKey(@Nullable Object key) {
		return get(key) != null;
	}

	@Override
	public int size() {
		return this.byKey.length;
	}

	@Override
	public Collection<Reading> values() {
		return Collections.unmodifiableList(Arrays.asList(this.byKey));
	}

	@Override
	public void forEach(BiConsumer<? super String, ? super Reading> action) {
		for (Reading reading : this.byKey) {
			action.accept(reading.entry().key(), reading);
		}
	}

	@Override
	public Set<Map.Entry<String, Reading>> entrySet() {
		return new AbstractSet<>() {

			@Override
			public int size() {
				return Readings.this.size();
			}

			@Override
			public Iterator<Map.Entry<String, Reading>> iterator() {
				Iterator<Reading> readings = values().iterator();
				return new Iterator<>() {

					@Override
					public boolean hasNext() {
						return readings.hasNext();
					}

					@Override
					public Map.Entry<String, Reading> next() {
						Reading reading = readings.next();
						return new SimpleImmutableEntry<>(reading.entry().key(), reading);
					}

				};
			}

		};
	}

}
