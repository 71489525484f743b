package io.github.etcddiscovery.catalog;

import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

/**
 * Changes to a sorted array. Immutable.
 *
 * @param <T> the type of the elements
 * @param places the index of each replaced or removed element, or -1 - the index of an
 * insertion, in ascending order
 * @param next the new element of each change, or {@code null} for a removal
 */
record Patch<T>(int[] places, List<@Nullable T> next) {

	boolean isEmpty() {
		return this.places.length == 0;
	}

	/**
	 * The index of the replaced or removed element, or -1 for an insertion.
	 */
	int replaced(int change) {
		return Math.max(-1, this.places[change]);
	}

	/**
	 * The index up to which the array is unchanged.
	 */
	private int begin(int change) {
		int place = this.places[change];
		return (place >= 0) ? place : -1 - place;
	}

	/**
	 * Apply the changes.
	 * @param before the array, which is not modified
	 * @return a copy with the changes
	 */
	@SuppressWarnings("unchecked")
	T[] apply(T[] before) {
		int length = before.length;
		for (int i = 0; i < this.places.length; i++) {
			length += ((this.next.get(i) != null) ? 1 : 0) - ((this.places[i] >= 0) ? 1 : 0);
		}
		T[] after = (T[]) Array.newInstance(before.getClass().getComponentType(), length);
		int from = 0;
		int to = 0;
		for (int i = 0; i < this.places.length; i++) {
			int until = begin(i);
			System.arraycopy(before, from, after, to, until - from);
			to += until - from;
			from = until + ((this.places[i] >= 0) ? 1 : 0);
			T value = this.next.get(i);
			if (value != null) {
				after[to++] = value;
			}
		}
		System.arraycopy(before, from, after, to, before.length - from);
		return after;
	}

	/**
	 * Convert the changes for an array with a part of the elements, in the same order.
	 * @param all the array to which this patch applies
	 * @param some the other array
	 * @param belongs whether an element is in the other array
	 * @return a patch for the other array
	 */
	Patch<T> within(T[] all, T[] some, Predicate<T> belongs) {
		int[] places = new int[this.places.length];
		List<@Nullable T> next = new ArrayList<>(places.length);
		int place = 0;
		int at = 0;
		for (int i = 0; i < places.length; i++) {
			for (int begin = begin(i); place < begin; place++) {
				at += (at < some.length && some[at] == all[place]) ? 1 : 0;
			}
			boolean replaced = this.places[i] >= 0 && at < some.length && some[at] == all[place];
			places[i] = replaced ? at : -1 - at;
			T value = this.next.get(i);
			next.add((value != null && belongs.test(value)) ? value : null);
		}
		return new Patch<>(places, next);
	}

}
