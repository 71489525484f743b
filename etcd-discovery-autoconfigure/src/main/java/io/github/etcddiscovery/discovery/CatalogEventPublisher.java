package io.github.etcddiscovery.discovery;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

import io.github.etcddiscovery.catalog.Catalog;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.cloud.client.discovery.event.HeartbeatEvent;
import org.springframework.context.ApplicationEvent;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.SmartLifecycle;

/**
 * Publishes changes of the catalog to the application: a
 * {@link ServiceInstancesChangedEvent} for each changed service, then one
 * {@link HeartbeatEvent}, on which Spring Cloud's own clients refresh. Each event
 * describes the difference between the catalog that was last published and the current
 * one. A slow listener may miss intermediate steps but never the outcome, and events
 * don't pile up. Nothing is published before the context has started or after it has
 * stopped; the changes of that time are published at the next start.
 */
public final class CatalogEventPublisher implements SmartLifecycle {

	private static final Log logger = LogFactory.getLog(CatalogEventPublisher.class);

	private final String prefix;

	private final ServiceCatalog catalog;

	private final EventLoop loop;

	private final ApplicationEventPublisher publisher;

	private final AtomicBoolean scheduled = new AtomicBoolean();

	private volatile boolean running;

	/**
	 * The instances that were last published, by service.
	 */
	private final Map<String, List<EtcdServiceInstance>> told = new HashMap<>();

	/**
	 * The services whose instances may differ from the published ones.
	 */
	private final Set<String> due = ConcurrentHashMap.newKeySet();

	private boolean heartbeatDue;

	private long heartbeats;

	/**
	 * Create a publisher.
	 * @param prefix the prefix of the catalog, without a trailing slash
	 * @param catalog the catalog whose changes are published
	 * @param loop the loop on which listeners are called, used by this publisher alone;
	 * not closed here
	 * @param publisher receives the events
	 */
	public CatalogEventPublisher(String prefix, ServiceCatalog catalog, EventLoop loop,
			ApplicationEventPublisher publisher) {
		this.prefix = prefix;
		this.catalog = catalog;
		this.loop = loop;
		this.publisher = publisher;
		catalog.store().onChange(this::changed);
		this.due.addAll(catalog.store().current().known());
	}

	@Override
	public void start() {
		this.running = true;
		wake();
	}

	@Override
	public void stop() {
		this.running = false;
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	/**
	 * Test frameworks pause the contexts in their cache, which is no reason to stop.
	 */
	@Override
	public boolean isPauseable() {
		return false;
	}

	private void wake() {
		if (this.running && this.scheduled.compareAndSet(false, true)) {
			this.loop.execute(this::tell);
		}
	}

	private void changed(Catalog catalog) {
		this.due.addAll(catalog.touched());
		wake();
	}

	private void tell() {
		this.scheduled.set(false);
		for (String name : new TreeSet<>(this.due)) {
			if (!this.running) {
				// The remaining changes are published at the next start
				return;
			}
			// Before the catalog is read, so that a change from now on is published next
			this.due.remove(name);
			tell(name, this.catalog.store().current().registered(name));
		}
		if (this.heartbeatDue && this.running) {
			this.heartbeatDue = false;
			publish(new HeartbeatEvent(this,
					new Heartbeat(this.prefix, this.catalog.store().current().revision(), ++this.heartbeats)));
		}
	}

	private void tell(String name, List<EtcdServiceInstance> now) {
		List<EtcdServiceInstance> before = this.told.getOrDefault(name, List.of());
		if (before.equals(now)) {
			return;
		}
		if (now.isEmpty()) {
			this.told.remove(name);
		}
		else {
			this.told.put(name, now);
		}
		this.heartbeatDue = true;
		publish(difference(name, before, now));
	}

	/**
	 * Both lists are in the order of the keys, so unchanged instances are mostly at the
	 * beginning and the end.
	 */
	private ServiceInstancesChangedEvent difference(String name, List<EtcdServiceInstance> before,
			List<EtcdServiceInstance> now) {
		int begin = 0;
		int most = Math.min(before.size(), now.size());
		while (begin < most && before.get(begin) == now.get(begin)) {
			begin++;
		}
		int end = 0;
		while (end < most - begin && before.get(before.size() - 1 - end) == now.get(now.size() - 1 - end)) {
			end++;
		}
		Map<String, EtcdServiceInstance> gone = new LinkedHashMap<>();
		before.subList(begin, before.size() - end)
			.forEach((instance) -> gone.put(String.valueOf(instance.getInstanceId()), instance));
		List<EtcdServiceInstance> added = new ArrayList<>();
		List<EtcdServiceInstance> updated = new ArrayList<>();
		for (EtcdServiceInstance instance : now.subList(begin, now.size() - end)) {
			EtcdServiceInstance last = gone.remove(String.valueOf(instance.getInstanceId()));
			if (last == null) {
				added.add(instance);
			}
			else if (!last.equals(instance)) {
				updated.add(instance);
			}
		}
		return new ServiceInstancesChangedEvent(this, name, added, updated, List.copyOf(gone.values()));
	}

	private void publish(ApplicationEvent event) {
		try {
			this.publisher.publishEvent(event);
		}
		catch (RuntimeException | Error ex) {
			logger.warn("A listener of %s failed".formatted(event.getClass().getSimpleName()), ex);
		}
	}

	/**
	 * The value of a heartbeat, which differs after every change of the catalog.
	 *
	 * @param prefix the prefix of the catalog
	 * @param revision the revision of the catalog
	 * @param number the number of the heartbeat, because the catalog also changes without
	 * a new revision, when an instance is no longer held
	 */
	public record Heartbeat(String prefix, long revision, long number) {
	}

}
