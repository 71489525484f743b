package io.github.etcddiscovery.watch;

import java.time.Duration;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * How far a mirror can be trusted.
 *
 * @param synced whether the mirror is synchronised with etcd now
 * @param revision the revision of the snapshot that the mirror serves, or 0 before the
 * first
 * @param staleness the time since the mirror was synchronised; zero while it is
 * @param reason why the mirror is not synchronised, or {@code null} if it is
 * @param pending how many changes have arrived and wait to be applied
 * @param relists how often the keys had to be listed again
 * @param repairs how often an audit found the mirror wrong
 */
public record MirrorState(boolean synced, long revision, Duration staleness, @Nullable String reason, int pending,
		long relists, long repairs) {

	/**
	 * The state of several mirrors together, which can be trusted no further than the
	 * stalest of them.
	 * @param states the state of each mirror
	 * @return the state of all
	 */
	public static MirrorState of(List<MirrorState> states) {
		MirrorState worst = new MirrorState(true, 0, Duration.ZERO, null, 0, 0, 0);
		for (MirrorState state : states) {
			MirrorState shown = (state.staleness().compareTo(worst.staleness()) > 0) ? state : worst;
			worst = new MirrorState(worst.synced() && state.synced(), Math.max(worst.revision(), state.revision()),
					shown.staleness(), shown.reason(), worst.pending() + state.pending(),
					worst.relists() + state.relists(), worst.repairs() + state.repairs());
		}
		return worst;
	}

}
