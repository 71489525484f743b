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
 * A change of the configuration that does not count yet: what it means to this
 * application, and how it comes to count. What it is of concern to is bound and validated
 * first; then one write switches all properties over, and beans take over what was bound
 * for them. Of the thread that applies.
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
	 * @param last the state that counts
	 * @param next the state that is to count
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
	 * The properties that have another value for this application.
	 */
	List<Change> changes() {
		return this.changes;
	}

	Set<ConfigurationPropertyName> names() {
		return this.names;
	}

	/**
	 * Let it count, whole or not at all.
	 * @param config what to switch over
	 * @param live the properties that are injected as {@link Live}
	 * @param beans the beans of properties
	 * @param affected those of them that it is of concern to
	 * @param rebind whether beans take it over
	 * @return how many beans did, or -1 if another state came in between
	 * @throws RejectedException if something can't be bound, is not valid or fails to
	 * take it over: then all is as it was
	 */
	int apply(EtcdConfig config, LiveValues live, BoundBeans beans, List<BoundBean> affected, boolean rebind) {
		List<BoundBean> done = new ArrayList<>();
		// No Live may be bound in between
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
	 * A bean has failed only when it took the change over: those before it get back what
	 * they had.
	 */
	private void takeBack(EtcdConfig config, LiveValues live, BoundBeans beans, List<BoundBean> done) {
		config.switchTo(this.next, this.last);
		live.bind(this.names, this.before).forEach(LiveValue::set);
		for (BoundBean bean : done) {
			try {
				beans.apply(beans.bind(List.of(bean), live.binder(), this.before), new ArrayList<>());
			}
			catch (RejectedException ex) {
				logger.warn("The bean '%s' could not be bound to what it had".formatted(bean.name()), ex);
			}
		}
	}

}
