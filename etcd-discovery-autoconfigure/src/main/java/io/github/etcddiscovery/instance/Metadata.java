package io.github.etcddiscovery.instance;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * The metadata of an instance, in the given order. Immutable, and a tenth of the size of
 * a {@link java.util.LinkedHashMap}, since an instance has few entries and there may be a
 * hundred thousand instances.
 */
final class Metadata extends AbstractMap<String, String> {

	/**
	 * Alternating names and values.
	 */
	private final @Nullable String[] pairs;

	private Metadata(@Nullable String[] pairs) {
		this.pairs = pairs;
	}

	static Map<String, String> of(Map<String, String> metadata) {
		if (metadata.isEmpty()) {
			return Map.of();
		}
		if (metadata instanceof Metadata) {
			return metadata;
		}
		@Nullable String[] pairs = new String[2 * metadata.size()];
		int i = 0;
		for (Map.Entry<String, String> entry : metadata.entrySet()) {
			pairs[i++] = SharedValues.share(entry.getKey());
			pairs[i++] = SharedValues.share(entry.getValue());
		}
		return SharedValues.share(new Metadata(pairs));
	}

	@Override
	public @Nullable String get(@Nullable Object name) {
		for (int i = 0; i < this.pairs.length; i += 2) {
			if (String.valueOf(this.pairs[i]).equals(name)) {
				return this.pairs[i + 1];
			}
		}
		return null;
	}

	@Override
	public boolean containsKey(@Nullable Object name) {
		for (int i = 0; i < this.pairs.length; i += 2) {
			if (String.valueOf(this.pairs[i]).equals(name)) {
				return true;
			}
		}
		return false;
	}

	@Override
	public int size() {
		return this.pairs.length / 2;
	}

	@Override
	public Set<Map.Entry<String, String>> entrySet() {
		return new Entries();
	}

	private final class Entries extends AbstractSet<Map.Entry<String, String>> {

		@Override
		public int size() {
			return Metadata.this.size();
		}

		@Override
		public Iterator<Map.Entry<String, String>> iterator() {
			return new Iterator<>() {

				private int next;

				@Override
				public boolean hasNext() {
					return this.next < Metadata.this.pairs.length;
				}

				@Override
				@SuppressWarnings("NullAway")
				public Map.Entry<String, String> next() {
					if (!hasNext()) {
						throw new NoSuchElementException();
					}
					this.next += 2;
					return new SimpleImmutableEntry<>(Metadata.this.pairs[this.next - 2],
							Metadata.this.pairs[this.next - 1]);
				}

			};
		}

	}

}
