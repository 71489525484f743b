package io.github.etcddiscovery.catalog;

import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

/**
 * Some changes of an array that is in a certain order. Immutable.
 *
 * @param <T> what is in the array
 * @param places in ascending order, for each change the place of what is replaced or
 * removed, or -1 - the place of what is inserted
 * @param next for each change what is there afterwards, or {@code null} for nothing
 */
record Patch<T>(int[] places, List<@Nullable T> next) {

	boolean isEmpty() {
		return this.places.length == 0;
	}

	/**
	 * The place of what is replaced or removed, or -1 if something is inserted.
	 */
	int replaced(int change) {
		return Math.max(-1, this.places[change]);
	}

	/**
	 * The place before which all is as it was.
	 */
	private int begin(int change) {
		int place = this.places[change];
		return (place >= 0) ? place : -1 - place;
	}

	/**
	 * Make the changes.
	 * @param before the array, which stays as it is
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
	 * The same changes of an array that has some of the elements only, in their order.
	 * @param all the array that this patch is for
	 * @param some the other array
	 * @param belongs which elements are in the other one
	 * @return a patch for the other one
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
