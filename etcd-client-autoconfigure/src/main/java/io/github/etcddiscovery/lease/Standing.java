package io.github.etcddiscovery.lease;

import java.util.Set;

/**
 * How a claimed key stands, as far as this process can know. Each standing names its
 * legal predecessors; a claim refuses any other transition.
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
 * <td>the key is in etcd with the wanted value under the lease, and the lease is
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
 * <td>the key is given up</td>
 * </tr>
 * <tr>
 * <td>Leaving</td>
 * <td>Pending</td>
 * <td>the key is kept after all</td>
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
	 * Whether this process has owned the key since it claimed it. A process that takes
	 * the key from us afterwards is alive.
	 * @return {@code true} if this process has owned the key
	 */
	default boolean hasBeenOwned() {
		return false;
	}

	/**
	 * The legal predecessors of this standing.
	 * @return their types
	 */
	Set<Class<? extends Standing>> predecessors();

	/**
	 * The key has not been written yet.
	 */
	record Pending() implements Standing {

		@Override
		public Set<Class<? extends Standing>> predecessors() {
			return Set.of(Leaving.class);
		}

	}

	/**
	 * The key is in etcd under the lease of this process.
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
	 * The key is gone, or must be presumed gone for others. It is being put back.
	 *
	 * @param cause why the key was lost
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
	 * The key belongs to another live process. This process takes over when that one
	 * leaves.
	 *
	 * @param shared whether that is intended, because several processes share the key
	 * @param hasBeenOwned whether this process has owned the key before
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
	 * The claim is over. Another claim of the same key may follow.
	 */
	record Ended() implements Standing {

		@Override
		public Set<Class<? extends Standing>> predecessors() {
			return Set.of(Pending.class, Owned.class, Lost.class, Yielded.class, Leaving.class);
		}

	}

}
