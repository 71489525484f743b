package io.github.etcddiscovery.autoconfigure;

import java.time.Duration;
import java.util.List;

import io.github.etcddiscovery.client.EtcdConnection;
import io.github.etcddiscovery.client.EtcdLifecycle;
import io.github.etcddiscovery.client.EtcdLoops;
import io.github.etcddiscovery.client.EtcdProperties;
import io.github.etcddiscovery.client.JetcdLeaseStore;
import io.github.etcddiscovery.client.JetcdListerWatcher;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.discovery.EtcdDiscoveryProperties;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.ServiceInstanceCodec;
import io.github.etcddiscovery.lease.LeasedKeys;
import io.github.etcddiscovery.lease.ProcessLease;
import io.github.etcddiscovery.registry.CallsAnnouncement;
import io.github.etcddiscovery.registry.EtcdRegistration;
import io.github.etcddiscovery.registry.EtcdRegistrationEvent;
import io.github.etcddiscovery.registry.EtcdRegistrationProperties;
import io.github.etcddiscovery.registry.EtcdServiceRegistry;
import io.github.etcddiscovery.registry.LeasedRegistrations;
import io.github.etcddiscovery.registry.WrittenFormat;

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.cloud.client.serviceregistry.ServiceRegistryAutoConfiguration;
import org.springframework.cloud.commons.util.InetUtils;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Fallback;

/**
 * Auto-configuration for the service registry.
 */
@AutoConfiguration(after = EtcdDiscoveryAutoConfiguration.class, before = ServiceRegistryAutoConfiguration.class)
@ConditionalOnEtcdDiscoveryEnabled
@ConditionalOnBooleanProperty(name = "spring.cloud.service-registry.enabled", matchIfMissing = true)
@ConditionalOnBean(ServiceCatalog.class)
public final class EtcdServiceRegistryAutoConfiguration {

	/**
	 * Bounds the wait for etcd, so that an etcd that does not answer does not delay the
	 * end of an application.
	 */
	private static final Duration LONGEST_WAIT = Duration.ofMillis(1500);

	/**
	 * The one lease of the process, which leadership and locks share.
	 */
	@Bean
	@ConditionalOnMissingBean
	ProcessLease etcdProcessLease(EtcdConnection connection, EtcdLoops loops, EtcdRegistrationProperties properties,
			ObjectProvider<Monitor> monitors) {
		return new ProcessLease(new JetcdLeaseStore(connection, properties.ttl()), loops.leases(), properties.ttl(),
				Monitor.of(monitors.orderedStream()));
	}

	@Bean
	@ConditionalOnMissingBean
	LeasedRegistrations etcdLeasedRegistrations(EtcdConnection connection, ProcessLease lease, EtcdLoops loops,
			EtcdProperties etcdProperties, ApplicationEventPublisher publisher) {
		return new LeasedRegistrations(new JetcdLeaseStore(connection, lease.ttl()),
				(range) -> new JetcdListerWatcher(connection, range), lease, etcdProperties.requestTimeout(),
				(change) -> loops.events()
					.execute(() -> publisher.publishEvent(new EtcdRegistrationEvent(publisher, change))));
	}

	/**
	 * Gives way to another registry where Spring Cloud accepts only one. See
	 * {@link EtcdAutoServiceRegistrationAutoConfiguration}.
	 */
	@Bean(destroyMethod = "shutdown")
	@Fallback
	@ConditionalOnMissingBean
	EtcdServiceRegistry etcdServiceRegistry(LeasedRegistrations registrations, EtcdDiscoveryProperties properties,
			EtcdRegistrationProperties registrationProperties, EtcdProperties etcdProperties, InstanceReader reader,
			ListableBeanFactory beanFactory, ObjectProvider<Monitor> monitors) {
		Duration wait = etcdProperties.requestTimeout();
		List<WrittenFormat> formats = WrittenFormats.of(properties, registrationProperties,
				beanFactory.getBeansOfType(ServiceInstanceCodec.class));
		// A grant and a write, each with the timeout of a request
		Duration registerTimeout = registrationProperties.failFast() ? wait.multipliedBy(2) : null;
		return new EtcdServiceRegistry(registrations, formats, reader,
				(wait.compareTo(LONGEST_WAIT) < 0) ? wait : LONGEST_WAIT, registerTimeout,
				Monitor.of(monitors.orderedStream()));
	}

	/**
	 * For the few who want to be seen calling.
	 */
	@Configuration(proxyBeanMethods = false)
	@ConditionalOnBooleanProperty("spring.cloud.etcd.discovery.announce-calls")
	static class CallsAnnouncementConfiguration {

		@Bean(destroyMethod = "")
		CallsAnnouncement etcdCallsAnnouncement(EtcdConnection connection, ProcessLease lease, EtcdLoops loops,
				EtcdProperties etcdProperties, EtcdDiscoveryProperties properties) {
			LeasedKeys keys = new LeasedKeys(new JetcdLeaseStore(connection, lease.ttl()),
					(range) -> new JetcdListerWatcher(connection, range), lease, etcdProperties.requestTimeout(),
					(key, last, next, leaseId, reason) -> {
					});
			return new CallsAnnouncement(keys, loops.leases(), properties.watchIdleTimeout());
		}

		@Bean
		CallsAnnouncementStarter etcdCallsAnnouncementStarter(CallsAnnouncement announcement, ServiceCatalog catalog,
				ApplicationContext context, EtcdDiscoveryProperties properties,
				EtcdRegistrationProperties registrationProperties, ObjectProvider<EtcdRegistration> registrations,
				ObjectProvider<InetUtils> inetUtils) {
			return new CallsAnnouncementStarter(announcement, catalog, context, properties, registrationProperties,
					registrations, inetUtils, LONGEST_WAIT);
		}

		@Bean
		EtcdLifecycle etcdCallsAnnouncementLifecycle(ApplicationContext context, CallsAnnouncement announcement) {
			return new EtcdLifecycle(context, EtcdLifecycle.DEFAULT_PHASE, announcement::resume, announcement::stop);
		}

	}

}
