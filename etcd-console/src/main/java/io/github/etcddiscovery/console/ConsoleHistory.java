package io.github.etcddiscovery.console;

import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;

import io.github.etcddiscovery.catalog.CatalogEntry;
import io.github.etcddiscovery.catalog.InstanceOverride;
import io.github.etcddiscovery.catalog.Overrides;
import io.github.etcddiscovery.console.ConsoleEvent.Kind;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.watch.LeaseCheck;
import org.jspecify.annotations.Nullable;

/**
 * The history of the catalog, for pages that request the changes since their last
 * request: the instances, each with the revision of its last change, and the latest
 * events. The history compares the catalog with its last state whenever the catalog
 * reports a change, and at each request. Bounded. Safe for use by any thread.
 */
final class ConsoleHistory {

	static final int MAX_EVENTS = 2000;

	private static final int MAX_REMOVALS = 20_000;

	private static final int MAX_QUESTIONS = 50;

	private final ServiceCatalog catalog;

	private final Clock clock;

	private final String epoch;

	private final Function<EtcdServiceInstance, Map<String, String>> metadata;

	private final LeaseCheck leases;

	private final Map<String, Rows> services = new TreeMap<>();

	private final Deque<Removal> removals = new ArrayDeque<>();

	private final Deque<Told> events = new ArrayDeque<>();

	private Overrides overrides;

	private long revision;

	private long forgotten;

	private long lastEvent;

	private int questions;

	private boolean begun;

	/**
	 * Create a history that begins with the first comparison.
	 * @param catalog the catalog
	 * @param clock the time of the day
	 * @param epoch identifies this process
	 * @param metadata sanitises the metadata of an instance
	 * @param leases tells whether leases are alive
	 */
	ConsoleHistory(ServiceCatalog catalog, Clock clock, String epoch,
			Function<EtcdServiceInstance, Map<String, String>> metadata, LeaseCheck leases) {
		this.catalog = catalog;
		this.clock = clock;
		this.epoch = epoch;
		this.metadata = metadata;
		this.leases = leases;
		this.overrides = catalog.overrides();
	}

	/**
	 * Compare the catalog with its last state.
	 */
	synchronized void look() {
		if (!this.begun && !this.catalog.isKnown()) {
			return;
		}
		Overrides overrides = this.catalog.overrides();
		Map<String, List<EtcdServiceInstance>> known = this.catalog.knownInstances();
		known.forEach((name, instances) -> {
			Rows rows = this.services.get(name);
			if (rows == null || rows.seen != instances) {
				look(name, instances);
			}
		});
		List<String> gone = this.services.keySet().stream().filter((name) -> !known.containsKey(name)).toList();
		gone.forEach((name) -> {
			look(name, List.of());
			this.services.remove(name);
		});
		this.overrides = overrides;
		this.begun = true;
	}

	private void look(String service, List<EtcdServiceInstance> instances) {
		Rows rows = this.services.computeIfAbsent(service, (name) -> new Rows());
		rows.seen = instances;
		Map<String, Row> before = rows.byKey;
		Map<String, Row> after = new LinkedHashMap<>();
		long next = this.revision + 1;
		List<CatalogEntry> entries = instances.isEmpty() ? List.of() : this.catalog.entries(service);
		ServiceDetails.byKey(entries).forEach((key, entry) -> {
			Row last = before.get(key);
			if (last == null) {
				after.put(key, new Row(entry, this.clock.millis(), !this.begun, next));
				this.revision = next;
				came(service, entry);
			}
			else if (last.entry.equals(entry)) {
				after.put(key, last);
			}
			else {
				after.put(key, new Row(entry, last.since, last.earlier, next));
				this.revision = next;
				changed(service, last.entry, entry);
			}
		});
		before.forEach((key, row) -> {
			if (!after.containsKey(key)) {
				this.revision = next;
				this.removals.add(new Removal(next, service, key));
				gone(service, row.entry);
			}
		});
		while (this.removals.size() > MAX_REMOVALS) {
			this.forgotten = this.removals.remove().revision;
		}
		rows.byKey = after;
		rows.revision = this.revision;
	}

	private void came(String service, CatalogEntry entry) {
		if (this.begun) {
			tell(service, entry, Kind.CAME, "registered, " + entry.instance().getStatus(), isUp(entry));
		}
	}

	private void changed(String service, CatalogEntry last, CatalogEntry entry) {
		int up = isUp(entry) - isUp(last);
		if (entry.held() && !last.held()) {
			tell(service, entry, Kind.HELD,
					"vanished from etcd with others and without a goodbye; it is held for a while", up);
			return;
		}
		String changes = changes(last, entry);
		if (last.held()) {
			tell(service, entry, Kind.CAME, "is back in etcd" + (changes.isEmpty() ? "" : ", with another " + changes),
					up);
		}
		else if (!changes.isEmpty()) {
			tell(service, entry, Kind.CHANGED, changes + override(entry), up);
		}
		else if (last.leaseId() != entry.leaseId()) {
			tell(service, entry, Kind.CHANGED, "registered again, under another lease", up);
		}
	}

	private String override(CatalogEntry entry) {
		String service = entry.instance().getServiceId();
		String instance = entry.instance().getInstanceId();
		InstanceOverride override = this.catalog.overrides().find(service, instance);
		if (override != null) {
			return ", by an override of %s until %s".formatted(by(override),
					override.until().truncatedTo(ChronoUnit.SECONDS));
		}
		InstanceOverride last = this.overrides.find(service, instance);
		return (last != null) ? ", for the override of %s has ended".formatted(by(last)) : "";
	}

	private static String by(InstanceOverride override) {
		return override.by().isEmpty() ? "somebody" : override.by();
	}

	private static String changes(CatalogEntry last, CatalogEntry entry) {
		EtcdServiceInstance before = last.instance();
		EtcdServiceInstance after = entry.instance();
		List<String> changes = new ArrayList<>();
		if (before.getStatus() != after.getStatus()) {
			changes.add("status %s → %s".formatted(before.getStatus(), after.getStatus()));
		}
		if (!before.getUri().equals(after.getUri())) {
			changes.add("address %s → %s".formatted(before.getUri(), after.getUri()));
		}
		if (!before.getMetadata().equals(after.getMetadata())) {
			List<String> names = new ArrayList<>(after.getMetadata().keySet());
			before.getMetadata().keySet().stream().filter((name) -> !names.contains(name)).forEach(names::add);
			names.removeIf((name) -> Objects.equals(before.getMetadata().get(name), after.getMetadata().get(name)));
			changes.add("metadata " + String.join(", ", names));
		}
		return String.join("; ", changes);
	}

	private void gone(String service, CatalogEntry entry) {
		int up = -isUp(entry);
		if (entry.held()) {
			tell(service, entry, Kind.VANISHED,
					"no longer held: the time was over, or no process listens at its address", up);
		}
		else if (entry.instance().getStatus() != InstanceStatus.UP) {
			tell(service, entry, Kind.LEFT, "left after it had been " + entry.instance().getStatus(), up);
		}
		else if (entry.leaseId() == 0) {
			tell(service, entry, Kind.VANISHED, "its key was deleted, which had no lease", up);
		}
		else {
			ConsoleEvent event = tell(service, entry, Kind.VANISHED, "vanished without a goodbye", up);
			ask(event, entry.leaseId());
		}
	}

	/**
	 * Only the lease distinguishes a crash from a deleted key.
	 */
	private void ask(ConsoleEvent event, long lease) {
		if (this.questions >= MAX_QUESTIONS) {
			return;
		}
		this.questions++;
		this.leases.lives(lease).whenComplete((lives, failure) -> answered(event, (failure != null) ? null : lives));
	}

	private synchronized void answered(ConsoleEvent event, @Nullable Boolean lives) {
		this.questions--;
		if (lives != null && this.events.removeIf((told) -> told.event.number() == event.number())) {
			this.events.add(new Told(++this.revision, event.because(lives ? "its key was deleted, its lease lives on"
					: "vanished without a goodbye: its lease has ended, as it does after a crash")));
		}
	}

	private ConsoleEvent tell(String service, CatalogEntry entry, Kind kind, String text, int up) {
		ConsoleEvent event = new ConsoleEvent(++this.lastEvent, this.clock.millis(), service,
				String.valueOf(entry.instance().getInstanceId()), kind, text, up);
		this.events.add(new Told(this.revision, event));
		if (this.events.size() > MAX_EVENTS) {
			this.events.remove();
		}
		return event;
	}

	private static int isUp(CatalogEntry entry) {
		return (entry.instance().getStatus() == InstanceStatus.UP) ? 1 : 0;
	}

	/**
	 * The changes since an earlier request.
	 * @param after the revision of the last answer, or {@code null}
	 * @return the changes since then, or all instances if the changes are not known
	 */
	synchronized Changes since(@Nullable String after) {
		look();
		long from = revision(after);
		boolean full = from < 0;
		Map<String, List<InstanceView>> changed = new LinkedHashMap<>();
		this.services.forEach((name, rows) -> {
			if (full || rows.revision > from) {
				List<InstanceView> views = rows.byKey.entrySet()
					.stream()
					.filter((row) -> row.getValue().revision > from)
					.map((row) -> view(row.getKey(), row.getValue()))
					.toList();
				if (!views.isEmpty()) {
					changed.put(name, views);
				}
			}
		});
		Map<String, List<String>> removed = new HashMap<>();
		if (!full) {
			latest(this.removals.descendingIterator(), from)
				.forEach((removal) -> removed.computeIfAbsent(removal.service, (name) -> new ArrayList<>())
					.add(removal.key));
		}
		List<ConsoleEvent> events = this.events.stream()
			.filter((told) -> told.revision > from)
			.map(Told::event)
			.toList();
		return new Changes(this.epoch + "-" + this.revision, full, changed, removed, events);
	}

	private static List<Removal> latest(Iterator<Removal> newestFirst, long from) {
		List<Removal> latest = new ArrayList<>();
		while (newestFirst.hasNext()) {
			Removal removal = newestFirst.next();
			if (removal.revision <= from) {
				break;
			}
			latest.add(removal);
		}
		return latest;
	}

	private long revision(@Nullable String after) {
		if (after == null || !after.startsWith(this.epoch + "-")) {
			return -1;
		}
		try {
			long revision = Long.parseLong(after.substring(this.epoch.length() + 1));
			return (revision >= this.forgotten && revision <= this.revision) ? revision : -1;
		}
		catch (NumberFormatException ex) {
			return -1;
		}
	}

	private InstanceView view(String key, Row row) {
		CatalogEntry entry = row.entry;
		EtcdServiceInstance instance = entry.instance();
		return new InstanceView(key, String.valueOf(instance.getInstanceId()), instance.getUri().toString(),
				instance.getStatus(), this.metadata.apply(instance),
				(entry.leaseId() != 0) ? Long.toHexString(entry.leaseId()) : "", row.since, row.earlier,
				entry.createRevision(), entry.modRevision(), entry.held());
	}

	private static final class Rows {

		private Map<String, Row> byKey = Map.of();

		private @Nullable List<EtcdServiceInstance> seen;

		private long revision;

	}

	private record Row(CatalogEntry entry, long since, boolean earlier, long revision) {
	}

	private record Removal(long revision, String service, String key) {
	}

	private record Told(long revision, ConsoleEvent event) {
	}

}
