package io.github.etcddiscovery.loadbalancer;

import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

import io.github.etcddiscovery.discovery.EtcdDiscoveryClient;
import io.github.etcddiscovery.discovery.EtcdReactiveDiscoveryClient;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.BeanFactory;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.cloud.client.discovery.ReactiveDiscoveryClient;
import org.springframework.cloud.client.discovery.composite.CompositeDiscoveryClient;
import org.springframework.cloud.client.discovery.composite.reactive.ReactiveCompositeDiscoveryClient;
import org.springframework.cloud.client.discovery.simple.SimpleDiscoveryClient;
import org.springframework.cloud.client.discovery.simple.SimpleDiscoveryProperties;
import org.springframework.cloud.client.discovery.simple.reactive.SimpleReactiveDiscoveryClient;
import org.springframework.cloud.client.discovery.simple.reactive.SimpleReactiveDiscoveryProperties;
import org.springframework.cloud.loadbalancer.core.CachingServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.core.DiscoveryClientServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;

/**
 * The way from a choice to the catalog where nothing that lies between would change the
 * answer: no supplier but Spring Cloud's own that asks the discovery clients, and no
 * discovery client but those of etcd and that of the properties, which has nothing. Safe
 * for use by any thread.
 */
final class CatalogShortcut {

	private static final Log logger = LogFactory.getLog(CatalogShortcut.class);

	private static final Set<Class<?>> CLIENTS = Set.of(EtcdDiscoveryClient.class, SimpleDiscoveryClient.class,
			CompositeDiscoveryClient.class);

	private static final Set<Class<?>> REACTIVE_CLIENTS = Set.of(EtcdReactiveDiscoveryClient.class,
			SimpleReactiveDiscoveryClient.class, ReactiveCompositeDiscoveryClient.class);

	private final ServiceCatalog catalog;

	private final String serviceId;

	private final BooleanSupplier elsewhere;

	/**
	 * Create a shortcut.
	 * @param catalog what answers
	 * @param serviceId the name of the service
	 * @param elsewhere whether there are instances of the service that the catalog does
	 * not know
	 */
	CatalogShortcut(ServiceCatalog catalog, String serviceId, BooleanSupplier elsewhere) {
		this.catalog = catalog;
		this.serviceId = serviceId;
		this.elsewhere = elsewhere;
	}

	/**
	 * Find the shortcut.
	 * @param supplier the suppliers of a service
	 * @param beans the beans of the application
	 * @return the shortcut, or {@code null} if there is none
	 */
	static @Nullable CatalogShortcut find(ServiceInstanceListSupplier supplier, BeanFactory beans) {
		ServiceInstanceListSupplier next = (supplier.getClass() == CachingServiceInstanceListSupplier.class)
				? ((CachingServiceInstanceListSupplier) supplier).getDelegate() : supplier;
		ServiceCatalog catalog = beans.getBeanProvider(ServiceCatalog.class).getIfUnique();
		if (catalog == null || next.getClass() != DiscoveryClientServiceInstanceListSupplier.class
				|| !all(beans.getBeanProvider(DiscoveryClient.class).stream(), CLIENTS)
				|| !all(beans.getBeanProvider(ReactiveDiscoveryClient.class).stream(), REACTIVE_CLIENTS)) {
			return null;
		}
		String serviceId = supplier.getServiceId();
		logger.debug("Choosing instances of '%s' from the catalog itself".formatted(serviceId));
		SimpleDiscoveryProperties simple = beans.getBeanProvider(SimpleDiscoveryProperties.class).getIfUnique();
		SimpleReactiveDiscoveryProperties reactive = beans.getBeanProvider(SimpleReactiveDiscoveryProperties.class)
			.getIfUnique();
		return new CatalogShortcut(catalog, serviceId,
				() -> simple != null && simple.getInstances().containsKey(serviceId)
						|| reactive != null && !reactive.getInstances(serviceId).isEmpty());
	}

	private static boolean all(Stream<?> clients, Set<Class<?>> known) {
		return clients.allMatch((client) -> known.contains(client.getClass()));
	}

	/**
	 * The instances that want to be called. Does not wait.
	 * @return an immutable list, the same object until the service changes; {@code null}
	 * if there is more to it at the moment
	 */
	@Nullable List<ServiceInstance> instances() {
		return (this.catalog.isKnown(this.serviceId) && !this.elsewhere.getAsBoolean())
				? this.catalog.instances(this.serviceId) : null;
	}

}
