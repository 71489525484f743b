package io.github.etcddiscovery.loadbalancer;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.cloud.loadbalancer.core.RetryAwareServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.support.LoadBalancerEnvironmentPropertyUtils;
import org.springframework.core.env.Environment;

/**
 * Puts a {@link RotationSupplier} around the suppliers of a service. What Spring Cloud
 * puts around them for retries stays the outermost.
 */
final class RotationPostProcessor implements BeanPostProcessor {

	private final Environment environment;

	private final ObjectProvider<EtcdLoadBalancerProperties> properties;

	private final ObjectProvider<Ejections> ejections;

	RotationPostProcessor(Environment environment, ObjectProvider<EtcdLoadBalancerProperties> properties,
			ObjectProvider<Ejections> ejections) {
		this.environment = environment;
		this.properties = properties;
		this.ejections = ejections;
	}

	@Override
	public Object postProcessAfterInitialization(Object bean, String beanName) {
		if (bean instanceof ServiceInstanceListSupplier supplier
				&& !(bean instanceof RetryAwareServiceInstanceListSupplier)) {
			boolean avoidTried = LoadBalancerEnvironmentPropertyUtils.trueOrMissingForClientOrDefault(this.environment,
					"retry.avoid-previous-instance");
			return new RotationSupplier(supplier, avoidTried, this.ejections.getIfAvailable(), slowStart());
		}
		return bean;
	}

	private @Nullable SlowStart slowStart() {
		Duration duration = this.properties.getObject().slowStart();
		return duration.isZero() ? null
				: new SlowStart(duration, System::nanoTime, () -> ThreadLocalRandom.current().nextDouble());
	}

}
