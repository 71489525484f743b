package io.github.etcddiscovery.console;

import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

import com.fasterxml.jackson.annotation.JsonInclude.Include;
import io.github.etcddiscovery.actuate.EtcdDiscoveryEndpoint;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the console shows, as JSON. Safe for use by any thread.
 */
final class ConsoleViews {

	private static final int MAX_PROBLEMS = 500;

	private final JsonMapper json = JsonMapper.builder()
		.changeDefaultPropertyInclusion((inclusion) -> inclusion.withValueInclusion(Include.NON_NULL))
		.build();

	private final String application;

	private final ServiceCatalog catalog;

	private final EtcdDiscoveryEndpoint discovery;

	private final ConsoleHistory history;

	private final Clock clock;

	private final BooleanSupplier actions;

	ConsoleViews(String application, ServiceCatalog catalog, EtcdDiscoveryEndpoint discovery, ConsoleHistory history,
			Clock clock, BooleanSupplier actions) {
		this.application = application;
		this.catalog = catalog;
		this.discovery = discovery;
		this.history = history;
		this.clock = clock;
		this.actions = actions;
	}

	/**
	 * One of the views.
	 * @param name its name
	 * @param parameters what was asked for in particular
	 * @return it as JSON, or {@code null} if there is no such view
	 */
	byte @Nullable [] json(String name, Map<String, String> parameters) {
		Object view = switch (name) {
			case "state" -> state(parameters.get("after"));
			case "registration" -> new Registration(this.discovery.lease(), this.discovery.registrations());
			case "problems" -> problems();
			default -> null;
		};
		return (view != null) ? this.json.writeValueAsBytes(view) : null;
	}

	private ConsoleState state(@Nullable String after) {
		Changes changes = this.history.since(after);
		return new ConsoleState(this.application, this.clock.millis(), this.actions.getAsBoolean(),
				ConsoleState.Mirror.of(this.catalog.isKnown(), this.catalog.isRestored(), this.catalog.state()),
				this.catalog.rejected().size(), changes);
	}

	private Problems problems() {
		Map<String, String> rejected = this.catalog.rejected();
		Map<String, String> shown = new LinkedHashMap<>();
		rejected.entrySet()
			.stream()
			.sorted(Map.Entry.comparingByKey())
			.limit(MAX_PROBLEMS)
			.forEach((entry) -> shown.put(entry.getKey(), entry.getValue()));
		return new Problems(rejected.size(), shown);
	}

	/**
	 * What this application has registered.
	 */
	record Registration(EtcdDiscoveryEndpoint.@Nullable LeaseDescriptor lease,
			List<EtcdDiscoveryEndpoint.RegistrationDescriptor> registrations) {
	}

	/**
	 * What somebody should see to.
	 *
	 * @param rejectedCount how many values are passed over
	 * @param rejected why, by key, of some of them
	 */
	record Problems(int rejectedCount, Map<String, String> rejected) {
	}

}
