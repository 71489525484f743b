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
 */
public record MirrorState(boolean synced, long revision, Duration staleness, @Nullable String reason) {
}
