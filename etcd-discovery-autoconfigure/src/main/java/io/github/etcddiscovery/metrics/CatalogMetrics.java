package io.github.etcddiscovery.metrics;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

import io.github.etcddiscovery.catalog.CatalogCounts;
import io.github.etcddiscovery.core.EscapedText;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.MeterBinder;

import org.springframework.cloud.client.discovery.event.HeartbeatEvent;
import org.springframework.context.ApplicationListener;

/**
 * Metrics of the catalog and its mirrors. Instances are counted again whenever the
 * catalog has changed.
 */
public final class CatalogMetrics implements MeterBinder, ApplicationListener<HeartbeatEvent> {

	/**
	 * How many services have meters of their own; the instances of all others are counted
	 * together.
	 */
	static final int MAX_SERVICES = 100;

	static final String OTHER_SERVICES = "(others)";

	private final ServiceCatalog catalog;

	private final List<MultiGauge> instances = new CopyOnWriteArrayList<>();

	private volatile Map<String, Map<InstanceStatus, Integer>> counts = Map.of();

	/**
	 * Create the metrics.
	 * @param catalog the catalog to measure
	 */
	public CatalogMetrics(ServiceCatalog catalog) {
		this.catalog = catalog;
	}

	@Override
	public void bindTo(MeterRegistry meters) {
		TimeGauge
			.builder("etcd.discovery.staleness", this.catalog, TimeUnit.MILLISECONDS,
					(catalog) -> catalog.state().staleness().toMillis())
			.description("Time since the mirror was synchronised; 0 while it is")
			.register(meters);
		gauge(meters, "etcd.discovery.watch.backlog", "Changes that have arrived and wait to be applied",
				(catalog) -> catalog.state().pending());
		gauge(meters, "etcd.discovery.services", "Services in the catalog",
				(catalog) -> catalog.registeredInstances().size());
		gauge(meters, "etcd.discovery.instances.held", "Instances that are held although their keys are gone",
				(catalog) -> catalog.held().values().stream().mapToInt(List::size).sum());
		gauge(meters, "etcd.discovery.values.rejected", "Keys whose values are currently passed over",
				(catalog) -> catalog.rejected().size());
		counter(meters, "etcd.discovery.values.rejections", "Values that were passed over", CatalogCounts::rejections);
		counter(meters, "etcd.discovery.watch.events", "Changes that watches delivered", CatalogCounts::events);
		counter(meters, "etcd.discovery.lookups.waited", "Look-ups that had to wait for the first synchronisation",
				CatalogCounts::waits);
		for (Kind cause : Kind.values()) {
			FunctionCounter
				.builder("etcd.discovery.relists", this.catalog.counts().relists(), (relists) -> relists.count(cause))
				.description("How often a mirror listed its keys again")
				.tag("cause", TagValues.of(cause))
				.register(meters);
		}
		MultiGauge instances = MultiGauge.builder("etcd.discovery.instances")
			.description("Instances in the catalog")
			.register(meters);
		this.instances.add(instances);
		count();
	}

	private void gauge(MeterRegistry meters, String name, String description, ToDoubleFunction<ServiceCatalog> value) {
		Gauge.builder(name, this.catalog, value).description(description).register(meters);
	}

	private void counter(MeterRegistry meters, String name, String description, ToDoubleFunction<CatalogCounts> count) {
		FunctionCounter.builder(name, this.catalog.counts(), count).description(description).register(meters);
	}

	@Override
	public void onApplicationEvent(HeartbeatEvent event) {
		count();
	}

	private void count() {
		Map<String, Map<InstanceStatus, Integer>> counts = new TreeMap<>();
		this.catalog.registeredInstances().forEach((service, instances) -> {
			String name = (counts.size() < MAX_SERVICES) ? EscapedText.of(service) : OTHER_SERVICES;
			Map<InstanceStatus, Integer> byStatus = counts.computeIfAbsent(name,
					(first) -> new EnumMap<>(InstanceStatus.class));
			instances.forEach((instance) -> byStatus.merge(instance.getStatus(), 1, Integer::sum));
		});
		this.counts = counts;
		List<Row<?>> rows = new ArrayList<>();
		for (String service : counts.keySet()) {
			for (InstanceStatus status : InstanceStatus.values()) {
				rows.add(Row.of(Tags.of("service", service, "status", TagValues.of(status)), this,
						(metrics) -> metrics.count(service, status)));
			}
		}
		// Rows that were registered before stay, and read the new counts
		this.instances.forEach((gauge) -> gauge.register(rows));
	}

	private int count(String service, InstanceStatus status) {
		return this.counts.getOrDefault(service, Map.of()).getOrDefault(status, 0);
	}

}
