package io.github.etcddiscovery.loadbalancer;

import java.lang.reflect.Method;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.loadbalancer.annotation.LoadBalancerClientConfiguration;
import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;
import org.springframework.cloud.loadbalancer.core.RetryAwareServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.cloud.loadbalancer.support.LoadBalancerEnvironmentPropertyUtils;
import org.springframework.core.env.Environment;
import org.springframework.util.function.SingletonSupplier;

/**
 * Wraps a {@link RotationSupplier} around the suppliers of a service. The wrapper that
 * Spring Cloud adds for retries stays the outermost.
 */
final class RotationPostProcessor implements BeanPostProcessor {

	private final ConfigurableListableBeanFactory beanFactory;

	private final Environment environment;

	private final ObjectProvider<EtcdLoadBalancerProperties> properties;

	private final ObjectProvider<Ejections> ejections;

	private final ObjectProvider<Loads> loads;

	private final ObjectProvider<Rotations> rotations;

	RotationPostProcessor(ConfigurableListableBeanFactory beanFactory, Environment environment,
			ObjectProvider<EtcdLoadBalancerProperties> properties, ObjectProvider<Ejections> ejections,
			ObjectProvider<Loads> loads, ObjectProvider<Rotations> rotations) {
		this.beanFactory = beanFactory;
		this.environment = environment;
		this.properties = properties;
		this.ejections = ejections;
		this.loads = loads;
		this.rotations = rotations;
	}

	@Override
	public Object postProcessAfterInitialization(Object bean, String beanName) {
		if (bean instanceof ServiceInstanceListSupplier supplier
				&& !(bean instanceof RetryAwareServiceInstanceListSupplier)) {
			boolean avoidTried = LoadBalancerEnvironmentPropertyUtils.trueOrMissingForClientOrDefault(this.environment,
					"retry.avoid-previous-instance");
			ServiceInstanceListSupplier chosen = isWeighted() ? RotationSupplier.innermost(supplier) : supplier;
			Ejections ejections = this.ejections.getIfAvailable();
			SlowStart slowStart = slowStart();
			String service = this.environment.getRequiredProperty(LoadBalancerClientFactory.PROPERTY_NAME);
			this.rotations.ifAvailable((all) -> all.put(service, ejections, slowStart));
			return new RotationSupplier(chosen, avoidTried, ejections, slowStart, choice(), shortcut(chosen, beanName));
		}
		if (bean instanceof ReactorServiceInstanceLoadBalancer loadBalancer) {
			return new BracketedLoadBalancer(loadBalancer);
		}
		return bean;
	}

	/**
	 * Found when it is first needed: the discovery clients need not be there before.
	 */
	private Supplier<@Nullable List<ServiceInstance>> shortcut(ServiceInstanceListSupplier supplier, String beanName) {
		if (!isOfSpringCloud(beanName)) {
			return () -> null;
		}
		Supplier<Optional<CatalogShortcut>> shortcut = SingletonSupplier
			.of(() -> Optional.ofNullable(CatalogShortcut.find(supplier, this.beanFactory)));
		return () -> shortcut.get().map(CatalogShortcut::instances).orElse(null);
	}

	/**
	 * Suppliers of an application's own may ask whatever they like. A bean that was
	 * defined ahead of time has its method, too.
	 */
	private boolean isOfSpringCloud(String beanName) {
		Method method = (this.beanFactory.containsBeanDefinition(beanName)
				&& this.beanFactory.getMergedBeanDefinition(beanName) instanceof RootBeanDefinition definition)
						? definition.getResolvedFactoryMethod() : null;
		return method != null
				&& method.getDeclaringClass().getName().startsWith(LoadBalancerClientConfiguration.class.getName());
	}

	private @Nullable SlowStart slowStart() {
		Duration duration = this.properties.getObject().slowStart();
		return duration.isZero() ? null
				: new SlowStart(duration, System::nanoTime, () -> ThreadLocalRandom.current().nextDouble());
	}

	/**
	 * Whether Spring Cloud's configuration chooses by weight. Weights in an application's
	 * own suppliers are left to them.
	 */
	private boolean isWeighted() {
		return LoadBalancerEnvironmentPropertyUtils.equalToForClientOrDefault(this.environment, "configurations",
				"weighted");
	}

	private UnaryOperator<List<ServiceInstance>> choice() {
		Loads loads = this.loads.getIfAvailable();
		if (isWeighted()) {
			Weights weights = new Weights();
			return (loads != null) ? (instances) -> loads.better(Weights.withWeight(instances), weights) : weights;
		}
		return (loads != null) ? (instances) -> loads.better(instances, RotationPostProcessor::any)
				: UnaryOperator.identity();
	}

	private static List<ServiceInstance> any(List<ServiceInstance> instances) {
		return List.of(instances.get(ThreadLocalRandom.current().nextInt(instances.size())));
	}

}
