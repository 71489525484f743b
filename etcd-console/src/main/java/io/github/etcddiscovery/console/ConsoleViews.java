package io.github.etcddiscovery.console;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

import com.fasterxml.jackson.annotation.JsonInclude.Include;
import io.github.etcddiscovery.actuate.EtcdDiscoveryEndpoint;
import io.github.etcddiscovery.client.CertificateExpiry.CertificateEnd;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.loadbalancer.Rotations;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * The data that the console shows, as JSON. Safe for use by any thread.
 */
final class ConsoleViews {

	private static final int MAX_PROBLEMS = 500;

	private static final Duration NOTICE = Duration.ofDays(30);

	private final JsonMapper json = JsonMapper.builder()
		.changeDefaultPropertyInclusion((inclusion) -> inclusion.withValueInclusion(Include.NON_NULL))
		.build();

	private final String application;

	private final ServiceCatalog catalog;

	private final EtcdDiscoveryEndpoint discovery;

	private final ConsoleHistory history;

	private final ClusterView cluster;

	private final CallersMirror callers;

	private final @Nullable Rotations rotations;

	private final Supplier<@Nullable CertificateEnd> certificate;

	private final Clock clock;

	private final BooleanSupplier actions;

	ConsoleViews(String application, ServiceCatalog catalog, EtcdDiscoveryEndpoint discovery, ConsoleHistory history,
			ClusterView cluster, CallersMirror callers, @Nullable Rotations rotations,
			Supplier<@Nullable CertificateEnd> certificate, Clock clock, BooleanSupplier actions) {
		this.application = application;
		this.catalog = catalog;
		this.discovery = discovery;
		this.history = history;
		this.cluster = cluster;
		this.callers = callers;
		this.rotations = rotations;
		this.certificate = certificate;
		this.clock = clock;
		this.actions = actions;
	}

	/**
	 * Create the data of a view.
	 * @param name the name of the view
	 * @param question the parameters of the request
	 * @return the data as JSON, or {@code null} if there is no such view
	 */
	byte @Nullable [] json(String name, Question question) {
		Object view = switch (name) {
			case "state" -> state(question.after());
			case "registration" -> new Registration(this.discovery.lease(), this.discovery.registrations());
			case "etcd" -> this.cluster.etcd();
			case "calls" -> this.callers.view(question.after());
			case "service" -> service(question);
			case "csrf" -> Map.of();
			case "problems" -> problems();
			default -> null;
		};
		return (view != null) ? this.json.writeValueAsBytes(view) : null;
	}

	private @Nullable ServiceDetails service(Question question) {
		List<String> leases = (question.leases() != null) ? question.leases() : List.of();
		return (question.service() != null) ? ServiceDetails.of(this.cluster.leases(leases), this.catalog,
				this.rotations, this.callers.callers(), question.service()) : null;
	}

	private ConsoleState state(@Nullable String after) {
		Changes changes = this.history.since(after);
		return new ConsoleState(this.application, this.clock.millis(), this.actions.getAsBoolean(),
				ConsoleState.Mirror.of(this.catalog.isKnown(), this.catalog.isRestored(), this.catalog.state()),
				rejected().size(), ConsoleState.OverrideView.of(this.catalog.overrides()), changes);
	}

	private Problems problems() {
		Map<String, String> rejected = rejected();
		Map<String, String> shown = new LinkedHashMap<>();
		rejected.entrySet()
			.stream()
			.sorted(Map.Entry.comparingByKey())
			.limit(MAX_PROBLEMS)
			.forEach((entry) -> shown.put(entry.getKey(), entry.getValue()));
		return new Problems(rejected.size(), shown, duplicates(), ClusterView.problems(this.cluster.etcd()),
				certificate());
	}

	private Map<String, String> rejected() {
		Map<String, String> rejected = new HashMap<>(this.catalog.rejected());
		rejected.putAll(this.catalog.overrides().rejected());
		rejected.putAll(this.callers.callers().rejected());
		return rejected;
	}

	private @Nullable Certificate certificate() {
		CertificateEnd end = this.certificate.get();
		return (end != null) ? new Certificate(end.subject(), end.end().toEpochMilli(),
				end.end().isBefore(this.clock.instant().plus(NOTICE))) : null;
	}

	/**
	 * Duplicate ids and addresses in a service: each should belong to one process.
	 */
	private List<Duplicate> duplicates() {
		List<Duplicate> duplicates = new ArrayList<>();
		this.catalog.knownInstances().forEach((service, instances) -> {
			Map<String, Integer> seen = new HashMap<>();
			instances.forEach((instance) -> {
				seen.merge("id " + instance.getInstanceId(), 1, Integer::sum);
				seen.merge("address " + instance.getUri(), 1, Integer::sum);
			});
			seen.forEach((what, count) -> {
				if (count > 1 && duplicates.size() < MAX_PROBLEMS) {
					duplicates.add(new Duplicate(service, what, count));
				}
			});
		});
		return duplicates;
	}

	/**
	 * The parameters of a request.
	 *
	 * @param after the revision of the last answer, for changes
	 * @param service the name of a service, for the details of one
	 * @param leases ids in hexadecimal of leases whose remaining time is requested
	 */
	record Question(@Nullable String after, @Nullable String service, @Nullable List<String> leases) {
	}

	/**
	 * The registrations of this application.
	 */
	record Registration(EtcdDiscoveryEndpoint.@Nullable LeaseDescriptor lease,
			List<EtcdDiscoveryEndpoint.RegistrationDescriptor> registrations) {
	}

	/**
	 * Problems that need attention.
	 *
	 * @param rejectedCount the number of keys that are passed over
	 * @param rejected the reasons for some of them, by key
	 * @param duplicates duplicate ids and addresses
	 * @param etcd problems of etcd
	 * @param certificate the client certificate of this application, if there is one
	 */
	record Problems(int rejectedCount, Map<String, String> rejected, List<Duplicate> duplicates, List<String> etcd,
			@Nullable Certificate certificate) {
	}

	/**
	 * A duplicate id or address in a service.
	 */
	record Duplicate(String service, String what, int count) {
	}

	/**
	 * A certificate.
	 *
	 * @param subject its subject
	 * @param end when it expires, in milliseconds since the epoch
	 * @param soon whether it expires soon
	 */
	record Certificate(String subject, long end, boolean soon) {
	}

}
