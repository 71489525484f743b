package io.github.etcddiscovery.instance;

import org.jspecify.annotations.Nullable;

/**
 * Lets instances share equal values, such as the name of their service, a zone or a
 * version. A fixed number of places remembers the last values, so no lock and no clean-up
 * are needed. Safe for use by any thread, since values are immutable and a race only
 * costs a copy.
 */
final class SharedValues {

	private static final int PLACES = 1 << 12;

	private static final @Nullable Object[] values = new Object[PLACES];

	private SharedValues() {
	}

	// NullAway does not see that null is returned for null only
	@SuppressWarnings({ "unchecked", "NullAway" })
	static <T extends @Nullable Object> T share(T value) {
		if (value == null) {
			return value;
		}
		int hash = value.hashCode();
		int place = (hash ^ (hash >>> 12) ^ (hash >>> 24)) & (PLACES - 1);
		Object known = values[place];
		if (value.equals(known)) {
			return (T) known;
		}
		values[place] = value;
		return value;
	}

}
