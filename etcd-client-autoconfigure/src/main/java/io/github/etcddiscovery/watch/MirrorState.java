package io.github.etcddiscovery.watch;

import java.time.Duration;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * How far a mirror can be trusted.
 *
 * @param synced whether the mirror follows etcd now
 * @param revision the revision of the snapshot that is served, or 0 before the first
 * @param staleness how long the mirror has not followed etcd; zero while it does
 * @param reason why it does not, or {@code null}
 * @param pending how many changes have arrived and wait to be applied
 * @param relists how often the mirror had to begin anew
 * @param repairs how often an audit found the mirror wrong
 */
public record MirrorState(boolean synced, long revision, Duration staleness, @Nullable String reason, int pending,
		long relists, long repairs) {

	/**
	 * How far several mirrors together can be trusted: as far as the one that can be
	 * trusted least.
	 * @param states their states
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
