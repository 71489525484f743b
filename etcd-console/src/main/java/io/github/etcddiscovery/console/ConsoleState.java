package io.github.etcddiscovery.console;

import java.util.Map;
import java.util.TreeMap;

import io.github.etcddiscovery.catalog.Overrides;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.watch.MirrorState;
import org.jspecify.annotations.Nullable;

/**
 * What every page needs. Immutable.
 *
 * @param application the name of this application
 * @param time the time of the day here, in milliseconds since the epoch
 * @param actions whether something may be changed from the page
 * @param mirror how well etcd is followed
 * @param problems how many values are passed over
 * @param overrides what operators have decided of instances, by service and instance
 * @param changes what is new
 */
record ConsoleState(String application, long time, boolean actions, Mirror mirror, int problems,
		Map<String, Map<String, OverrideView>> overrides, Changes changes) {

	/**
	 * What an operator has decided of an instance.
	 *
	 * @param status the status that counts
	 * @param weight the weight that counts
	 * @param at when it was decided, in milliseconds since the epoch
	 * @param until when it ends, in milliseconds since the epoch
	 * @param by who has decided it
	 */
	record OverrideView(@Nullable InstanceStatus status, @Nullable Integer weight, @Nullable Long at, long until,
			String by) {

		static Map<String, Map<String, OverrideView>> of(Overrides overrides) {
			Map<String, Map<String, OverrideView>> views = new TreeMap<>();
			overrides.all()
				.forEach((service, byInstance) -> byInstance
					.forEach((instance, override) -> views.computeIfAbsent(service, (name) -> new TreeMap<>())
						.put(instance,
								new OverrideView(override.status(), override.weight(),
										(override.at() != null) ? override.at().toEpochMilli() : null,
										override.until().toEpochMilli(), override.by()))));
			return views;
		}

	}

	/**
	 * How well etcd is followed.
	 *
	 * @param known whether anything is known yet
	 * @param synced whether it is followed now
	 * @param restored whether the services come from the snapshot on disk
	 * @param revision the revision that is served
	 * @param staleness how long it has not been followed, in milliseconds
	 * @param reason why not
	 * @param pending changes that wait to be applied
	 * @param relists how often everything had to be listed again
	 */
	record Mirror(boolean known, boolean synced, boolean restored, long revision, long staleness,
			@Nullable String reason, int pending, long relists) {

		static Mirror of(boolean known, boolean restored, MirrorState state) {
			return new Mirror(known, state.synced(), restored, state.revision(), state.staleness().toMillis(),
					state.reason(), state.pending(), state.relists());
		}

	}

}
