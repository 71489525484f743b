package io.github.etcddiscovery.lease;

import java.util.Set;

/**
 * How a claimed key stands, as far as this process can know. Each standing names those
 * that it may follow; a claim goes through no other door.
 *
 * <table>
 * <caption>What leads from one standing to the next</caption>
 * <tr>
 * <th>From</th>
 * <th>To</th>
 * <th>When</th>
 * </tr>
 * <tr>
 * <td>Pending, Lost, Yielded</td>
 * <td>Owned</td>
 * <td>etcd holds the key with the wanted value under the lease, and the lease is
 * alive</td>
 * </tr>
 * <tr>
 * <td>Owned</td>
 * <td>Lost</td>
 * <td>the key was deleted, or the lease ended or was not renewed in time</td>
 * </tr>
 * <tr>
 * <td>Pending, Owned, Lost</td>
 * <td>Yielded</td>
 * <td>the key belongs to another live process</td>
 * </tr>
 * <tr>
 * <td>Pending, Owned, Lost, Yielded</td>
 * <td>Leaving</td>
 * <td>the goal is that the key is gone</td>
 * </tr>
 * <tr>
 * <td>Leaving</td>
 * <td>Pending</td>
 * <td>the goal is to keep the key after all</td>
 * </tr>
 * <tr>
 * <td>any</td>
 * <td>Ended</td>
 * <td>the key is gone, or the lease was given up with all that is under it</td>
 * </tr>
 * </table>
 */
public sealed interface Standing {

	/**
	 * Whether this process has held the key since it was claimed. Whoever takes a key
	 * from us afterwards is alive.
	 * @return {@code true} if it has
	 */
	default boolean hasBeenOwned() {
		return false;
	}

	/**
	 * The standings that this one may follow.
	 * @return their types
	 */
	Set<Class<? extends Standing>> predecessors();

	/**
	 * The key is to be written for the first time.
	 */
	record Pending() implements Standing {

		@Override
		public Set<Class<? extends Standing>> predecessors() {
			return Set.of(Leaving.class);
		}

	}

	/**
	 * The key stands under the lease of this process.
	 */
	record Owned() implements Standing {

		@Override
		public boolean hasBeenOwned() {
			return true;
		}

		@Override
		public Set<Class<? extends Standing>> predecessors() {
			return Set.of(Pending.class, Lost.class, Yielded.class);
		}

	}

	/**
	 * The key is gone, or others must be supposed to see it gone. It is being put back.
	 *
	 * @param cause what happened to it
	 */
	record Lost(LossCause cause) implements Standing {

		@Override
		public boolean hasBeenOwned() {
			return true;
		}

		@Override
		public Set<Class<? extends Standing>> predecessors() {
			return Set.of(Owned.class);
		}

	}

	/**
	 * The key belongs to another live process. It is taken when that one leaves.
	 *
	 * @param shared whether that is as it should be, because several processes share the
	 * key
	 * @param hasBeenOwned whether this process held the key before
	 */
	record Yielded(boolean shared, boolean hasBeenOwned) implements Standing {

		@Override
		public Set<Class<? extends Standing>> predecessors() {
			return Set.of(Pending.class, Owned.class, Lost.class);
		}

	}

	/**
	 * The key is being deleted.
	 */
	record Leaving() implements Standing {

		@Override
		public Set<Class<? extends Standing>> predecessors() {
			return Set.of(Pending.class, Owned.class, Lost.class, Yielded.class);
		}

	}

	/**
	 * The claim is over; another one may stand in its place.
	 */
	record Ended() implements Standing {

		@Override
		public Set<Class<? extends Standing>> predecessors() {
			return Set.of(Pending.class, Owned.class, Lost.class, Yielded.class, Leaving.class);
		}

	}

}
