package io.github.etcddiscovery.loadbalancer;

import io.github.etcddiscovery.discovery.AddressProbe;
import io.github.etcddiscovery.discovery.ServiceCatalog;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/**
 * Configuration of each load-balanced service's own context: puts a rotation around the
 * suppliers of instances, whichever {@code spring.cloud.loadbalancer.configurations} has
 * chosen. A {@link ServiceInstanceListSupplier} bean would take their place.
 */
@Configuration(proxyBeanMethods = false)
public class RotationConfiguration {

	@Bean
	static BeanPostProcessor rotationPostProcessor(Environment environment,
			ObjectProvider<EtcdLoadBalancerProperties> properties, ObjectProvider<Ejections> ejections) {
		return new RotationPostProcessor(environment, properties, ejections);
	}

	@Bean
	TriedInstances triedInstances() {
		return new TriedInstances();
	}

	@Bean
	@ConditionalOnBooleanProperty("spring.cloud.etcd.loadbalancer.eject-unreachable")
	Ejections ejections(Environment environment, ServiceCatalog catalog, AddressProbe probe) {
		String service = environment.getRequiredProperty(LoadBalancerClientFactory.PROPERTY_NAME);
		return new Ejections(() -> catalog.instances(service), probe, System::nanoTime);
	}

}
