package io.github.etcddiscovery.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

import io.github.etcddiscovery.config.EtcdConfigChangedEvent.Change;
import io.github.etcddiscovery.config.LiveValues.LiveValue;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * A change of the configuration that is not applied yet: its effect on this application,
 * and how to apply it. Affected beans are bound and validated first; then one write
 * switches all properties over, and the beans take over their new values. Confined to the
 * thread that applies changes.
 */
final class PendingChange {

	private static final Log logger = LogFactory.getLog(PendingChange.class);

	private final ConfigState last;

	private final ConfigState next;

	private final EnvironmentView before;

	private final EnvironmentView after;

	private final List<Change> changes;

	private final Set<ConfigurationPropertyName> names;

	/**
	 * Create a change.
	 * @param context the context whose environment changes
	 * @param last the present state
	 * @param next the next state
	 */
	PendingChange(ConfigurableApplicationContext context, ConfigState last, ConfigState next) {
		this.last = last;
		this.next = next;
		this.before = EnvironmentView.of(context.getEnvironment(), last);
		this.after = EnvironmentView.of(context.getEnvironment(), next);
		this.changes = this.before.changes(this.after);
		this.names = this.changes.stream()
			.map((change) -> ConfigurationPropertyName.adapt(change.key(), '.'))
			.collect(Collectors.toSet());
	}

	/**
	 * The properties whose values change for this application.
	 */
	List<Change> changes() {
		return this.changes;
	}

	Set<ConfigurationPropertyName> names() {
		return this.names;
	}

	/**
	 * Apply the change, as a whole or not at all.
	 * @param config the configuration to switch over
	 * @param live the properties that are injected as {@link Live}
	 * @param beans the beans of properties
	 * @param affected the affected beans
	 * @param rebind whether beans take the change over
	 * @return how many beans did, or -1 if the present state has changed meanwhile
	 * @throws RejectedException if values can't be bound, are not valid or a bean fails
	 * to take them over; then nothing has changed
	 */
	int apply(EtcdConfig config, LiveValues live, BoundBeans beans, List<BoundBean> affected, boolean rebind) {
		List<BoundBean> done = new ArrayList<>();
		// No Live may be bound meanwhile
		synchronized (live) {
			Map<BoundBean, @Nullable Object> bound = beans.bind(affected, live.binder(), this.after);
			Map<LiveValue<?>, Object> liveBound = live.bind(this.names, this.after);
			if (!config.switchTo(this.last, this.next)) {
				return -1;
			}
			liveBound.forEach(LiveValue::set);
			try {
				return rebind ? beans.apply(bound, done) : 0;
			}
			catch (RejectedException ex) {
				takeBack(config, live, beans, done);
				throw ex;
			}
		}
	}

	/**
	 * A bean has failed to take the change over, so the beans before it get their former
	 * values back.
	 */
	private void takeBack(EtcdConfig config, LiveValues live, BoundBeans beans, List<BoundBean> done) {
		config.switchTo(this.next, this.last);
		live.bind(this.names, this.before).forEach(LiveValue::set);
		for (BoundBean bean : done) {
			try {
				beans.apply(beans.bind(List.of(bean), live.binder(), this.before), new ArrayList<>());
			}
			catch (RejectedException ex) {
				logger.warn("The bean '%s' could not be bound to its former values".formatted(bean.name()), ex);
			}
		}
	}

}
