package io.github.etcddiscovery.test;

import java.util.List;

import io.github.etcddiscovery.client.EtcdConnectionDetails;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.test.context.ContextConfigurationAttributes;
import org.springframework.test.context.ContextCustomizer;
import org.springframework.test.context.ContextCustomizerFactory;
import org.springframework.test.context.MergedContextConfiguration;

/**
 * Gives contexts the connection details of the test's etcd and an
 * {@link EtcdConfigTester}. Tests with different keys do not share a context.
 */
final class EtcdTestContextCustomizerFactory implements ContextCustomizerFactory {

	@Override
	public @Nullable ContextCustomizer createContextCustomizer(Class<?> testClass,
			List<ContextConfigurationAttributes> configAttributes) {
		EtcdTest annotation = EtcdTestServers.annotation(testClass);
		return (annotation != null) ? new Customizer(List.of(annotation.keys())) : null;
	}

	private record Customizer(List<String> keys) implements ContextCustomizer {

		@Override
		public void customizeContext(ConfigurableApplicationContext context, MergedContextConfiguration mergedConfig) {
			EtcdConnectionDetails details = EtcdTestServers.details(mergedConfig.getTestClass());
			if (details == null || !(context.getBeanFactory() instanceof BeanDefinitionRegistry registry)) {
				return;
			}
			if (context.getBeanFactory().getBeanNamesForType(EtcdConnectionDetails.class, true, false).length == 0) {
				registry.registerBeanDefinition("etcdTestConnectionDetails",
						new RootBeanDefinition(EtcdConnectionDetails.class, () -> details));
			}
			registry.registerBeanDefinition("etcdConfigTester",
					new RootBeanDefinition(EtcdConfigTester.class, () -> new EtcdConfigTester(context, details)));
		}

	}

}
