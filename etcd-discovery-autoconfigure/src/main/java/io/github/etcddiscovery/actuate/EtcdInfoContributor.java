package io.github.etcddiscovery.actuate;

import java.util.LinkedHashMap;
import java.util.Map;

import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.registry.EtcdServiceRegistry;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.actuate.info.Info;
import org.springframework.boot.actuate.info.InfoContributor;

/**
 * Adds the keys of the application's registrations and the number of known services to
 * the info endpoint.
 */
public class EtcdInfoContributor implements InfoContributor {

	private final ServiceCatalog catalog;

	private final @Nullable EtcdServiceRegistry registry;

	/**
	 * Create a contributor.
	 * @param catalog knows the services
	 * @param registry knows the registrations; {@code null} if this process registers
	 * nothing
	 */
	public EtcdInfoContributor(ServiceCatalog catalog, @Nullable EtcdServiceRegistry registry) {
		this.catalog = catalog;
		this.registry = registry;
	}

	@Override
	public void contribute(Info.Builder builder) {
		Map<String, Object> etcd = new LinkedHashMap<>();
		etcd.put("prefixes", this.catalog.prefixes());
		etcd.put("revision", this.catalog.state().revision());
		etcd.put("services", this.catalog.registeredInstances().size());
		if (this.registry != null) {
			etcd.put("registrations", this.registry.getRegistrations().keySet());
		}
		builder.withDetail("etcd", etcd);
	}

}
