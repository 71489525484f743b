package io.github.etcddiscovery.catalog;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.function.BiConsumer;

import org.jspecify.annotations.Nullable;

/**
 * What stands at the keys of one service, in the order of the keys. Immutable. It is an
 * array, so that the next one is a copy of a few bytes a key: whoever publishes a list of
 * the instances has to make that copy in any case.
 */
final class Readings extends AbstractMap<String, Reading> {

	static final Readings NONE = new Readings(new Reading[0]);

	private final Reading[] byKey;

	private Readings(Reading[] byKey) {
		this.byKey = byKey;
	}

	/**
	 * What has to be done for some changes.
	 * @param changes what stands at each key that changes, or {@code null}
	 */
	Patch<Reading> patch(SortedMap<String, @Nullable Reading> changes) {
		return new Patch<>(changes.keySet().stream().mapToInt(this::place).toArray(),
				new ArrayList<>(changes.values()));
	}

	/**
	 * These readings after some changes.
	 */
	Readings with(Patch<Reading> patch) {
		return patch.isEmpty() ? this : new Readings(patch.apply(this.byKey));
	}

	/**
	 * Find the place of a key.
	 * @return the place, or if the key is not there, -1 - the place that it would have
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
	 * What stands at a place.
	 * @param place the place, or -1
	 * @return the reading, or {@code null} if there is no such place
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
