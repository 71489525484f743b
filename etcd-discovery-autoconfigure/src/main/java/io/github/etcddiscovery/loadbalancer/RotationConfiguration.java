package io.github.etcddiscovery.loadbalancer;

import java.util.Set;

import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.probe.AddressProbe;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Condition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;

/**
 * Configuration of each load-balanced service's own context. It wraps a rotation around
 * the suppliers that {@code spring.cloud.loadbalancer.configurations} selects. A
 * post-processor does that, since a {@link ServiceInstanceListSupplier} bean would
 * replace these suppliers.
 */
@Configuration(proxyBeanMethods = false)
public class RotationConfiguration {

	@Bean
	static BeanPostProcessor rotationPostProcessor(ConfigurableListableBeanFactory beanFactory, Environment environment,
			ObjectProvider<EtcdLoadBalancerProperties> properties, ObjectProvider<Ejections> ejections,
			ObjectProvider<Loads> loads, ObjectProvider<Rotations> rotations) {
		return new RotationPostProcessor(beanFactory, environment, properties, ejections, loads, rotations);
	}

	@Bean
	TriedInstances triedInstances() {
		return new TriedInstances();
	}

	@Bean
	@ConditionalOnBooleanProperty(name = "spring.cloud.etcd.loadbalancer.eject-unreachable", matchIfMissing = true)
	Ejections ejections(Environment environment, ServiceCatalog catalog, AddressProbe probe) {
		String service = environment.getRequiredProperty(LoadBalancerClientFactory.PROPERTY_NAME);
		return new Ejections(() -> catalog.instances(service), probe, System::nanoTime);
	}

	@Bean
	@Conditional(LeastRequestCondition.class)
	Loads loads() {
		return new Loads(System::nanoTime);
	}

	/**
	 * Matches services that {@code least-request} names.
	 */
	static final class LeastRequestCondition implements Condition {

		@Override
		public boolean matches(ConditionContext context, AnnotatedTypeMetadata metadata) {
			Environment environment = context.getEnvironment();
			Set<String> services = Binder.get(environment)
				.bind("spring.cloud.etcd.loadbalancer.least-request", Bindable.setOf(String.class))
				.orElse(Set.of());
			return services.contains("*")
					|| services.contains(environment.getProperty(LoadBalancerClientFactory.PROPERTY_NAME));
		}

	}

}
