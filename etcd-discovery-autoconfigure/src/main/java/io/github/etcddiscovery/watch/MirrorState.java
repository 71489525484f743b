package io.github.etcddiscovery.watch;

import java.time.Duration;

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
}
