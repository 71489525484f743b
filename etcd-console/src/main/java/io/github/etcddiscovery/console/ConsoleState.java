package io.github.etcddiscovery.console;

import java.util.Map;
import java.util.TreeMap;

import io.github.etcddiscovery.catalog.Overrides;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.watch.MirrorState;
import org.jspecify.annotations.Nullable;

/**
 * The data that every page needs. Immutable.
 *
 * @param application the name of this application
 * @param time the time of this process, in milliseconds since the epoch
 * @param actions whether actions are allowed
 * @param mirror the state of the mirror
 * @param problems the number of keys that are passed over
 * @param overrides the overrides, by service and instance
 * @param changes the changes
 */
record ConsoleState(String application, long time, boolean actions, Mirror mirror, int problems,
		Map<String, Map<String, OverrideView>> overrides, Changes changes) {

	/**
	 * An override of an instance.
	 *
	 * @param status the status in place of its own, if there is one
	 * @param weight the weight in place of its own, if there is one
	 * @param at when the override was written, in milliseconds since the epoch
	 * @param until when the override ends, in milliseconds since the epoch
	 * @param by who has written the override
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
	 * The state of the mirror.
	 *
	 * @param known whether there is a snapshot yet
	 * @param synced whether the mirror is synchronised
	 * @param restored whether the services come from the snapshot file
	 * @param revision the revision of the snapshot
	 * @param staleness time since the mirror was synchronised, in milliseconds
	 * @param reason why it is not synchronised
	 * @param pending changes that wait to be applied
	 * @param relists how often the keys were listed again
	 */
	record Mirror(boolean known, boolean synced, boolean restored, long revision, long staleness,
			@Nullable String reason, int pending, long relists) {

		static Mirror of(boolean known, boolean restored, MirrorState state) {
			return new Mirror(known, state.synced(), restored, state.revision(), state.staleness().toMillis(),
					state.reason(), state.pending(), state.relists());
		}

	}

}
