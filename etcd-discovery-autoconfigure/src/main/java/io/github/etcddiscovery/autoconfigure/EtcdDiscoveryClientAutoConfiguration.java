package io.github.etcddiscovery.autoconfigure;

import java.util.function.BooleanSupplier;

import io.github.etcddiscovery.discovery.EtcdDiscoveryClient;
import io.github.etcddiscovery.discovery.EtcdDiscoveryProperties;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import reactor.core.scheduler.Schedulers;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.cloud.client.CommonsClientAutoConfiguration;
import org.springframework.cloud.client.ConditionalOnBlockingDiscoveryEnabled;
import org.springframework.cloud.client.discovery.simple.SimpleDiscoveryClientAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.util.ClassUtils;

/**
 * Auto-configuration for the blocking discovery client.
 */
@AutoConfiguration(after = EtcdDiscoveryAutoConfiguration.class,
		before = { SimpleDiscoveryClientAutoConfiguration.class, CommonsClientAutoConfiguration.class })
@ConditionalOnEtcdDiscoveryEnabled
@ConditionalOnBlockingDiscoveryEnabled
@ConditionalOnBean(ServiceCatalog.class)
public final class EtcdDiscoveryClientAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	EtcdDiscoveryClient etcdDiscoveryClient(ServiceCatalog catalog, EtcdDiscoveryProperties properties) {
		return new EtcdDiscoveryClient(catalog, mayBlock(), properties.order());
	}

	private static BooleanSupplier mayBlock() {
		boolean reactor = ClassUtils.isPresent("reactor.core.scheduler.Schedulers",
				EtcdDiscoveryClientAutoConfiguration.class.getClassLoader());
		return reactor ? ReactorThreads::mayBlock : () -> true;
	}

	/**
	 * A class of its own, so that it is loaded only if Reactor is present.
	 */
	private static final class ReactorThreads {

		private static boolean mayBlock() {
			return !Schedulers.isInNonBlockingThread();
		}

	}

}
