package io.github.etcddiscovery.autoconfigure;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

import io.github.etcddiscovery.catalog.OverrideMirror;
import io.github.etcddiscovery.client.EtcdClientFactory;
import io.github.etcddiscovery.client.EtcdConnection;
import io.github.etcddiscovery.client.EtcdConnectionDetails;
import io.github.etcddiscovery.client.EtcdLifecycle;
import io.github.etcddiscovery.client.EtcdLoops;
import io.github.etcddiscovery.client.EtcdProperties;
import io.github.etcddiscovery.client.JetcdLeaseCheck;
import io.github.etcddiscovery.client.JetcdListerWatcher;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.discovery.CatalogEventPublisher;
import io.github.etcddiscovery.discovery.EtcdDiscoveryProperties;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.instance.AddressCodec;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.JsonCodec;
import io.github.etcddiscovery.instance.ServiceInstanceCodec;
import io.github.etcddiscovery.probe.AddressProbe;
import io.github.etcddiscovery.probe.TcpAddressProbe;
import io.github.etcddiscovery.registry.EtcdRegistrationProperties;
import io.github.etcddiscovery.registry.EtcdServiceRegistry;
import io.github.etcddiscovery.watch.MirrorTiming;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.cloud.client.serviceregistry.AutoServiceRegistration;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration for the catalog, on which registration and the discovery clients are
 * built.
 */
@AutoConfiguration(after = EtcdClientAutoConfiguration.class)
@ConditionalOnEtcdDiscoveryEnabled
@ConditionalOnBean(EtcdClientFactory.class)
@EnableConfigurationProperties({ EtcdDiscoveryProperties.class, EtcdRegistrationProperties.class })
public final class EtcdDiscoveryAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	InstanceReader etcdInstanceReader(EtcdDiscoveryProperties properties, ObjectProvider<ServiceInstanceCodec> codecs) {
		List<ServiceInstanceCodec> all = Stream
			.concat(codecs.orderedStream(), Stream.of(new JsonCodec(), new AddressCodec()))
			.toList();
		return new InstanceReader(properties.places(), all, properties.limits());
	}

	@Bean
	@ConditionalOnMissingBean(AddressProbe.class)
	TcpAddressProbe etcdAddressProbe() {
		return new TcpAddressProbe();
	}

	@Bean(initMethod = "start")
	@ConditionalOnMissingBean
	ServiceCatalog etcdServiceCatalog(EtcdDiscoveryProperties properties, InstanceReader reader,
			EtcdConnection connection, EtcdLoops loops, EtcdProperties etcdProperties, EtcdConnectionDetails details,
			AddressProbe probe, ObjectProvider<Monitor> monitors) {
		String namespace = Objects.requireNonNullElse(etcdProperties.namespace(), "");
		List<String> origins = details.getEndpoints().stream().map((endpoint) -> endpoint + "/" + namespace).toList();
		return new ServiceCatalog(properties.catalogSettings(origins, etcdProperties.requestTimeout()), reader,
				(range) -> new JetcdListerWatcher(connection, range), loops.mirrors(), probe,
				new JetcdLeaseCheck(connection), Monitor.of(monitors.orderedStream()));
	}

	@Bean(initMethod = "start")
	@ConditionalOnMissingBean
	OverrideMirror etcdOverrideMirror(EtcdDiscoveryProperties properties, ServiceCatalog catalog,
			EtcdConnection connection, EtcdLoops loops, EtcdProperties etcdProperties) {
		return new OverrideMirror(properties.overridesPrefix(), catalog.store(),
				new JetcdListerWatcher(connection, OverrideMirror.range(properties.overridesPrefix())), loops.mirrors(),
				new MirrorTiming(etcdProperties.requestTimeout(), properties.checkInterval(), Duration.ZERO),
				Clock.systemUTC());
	}

	@Bean
	RequiredServices etcdRequiredServices(ServiceCatalog catalog, EtcdDiscoveryProperties properties) {
		return new RequiredServices(catalog, properties.required());
	}

	@Bean
	@ConditionalOnMissingBean
	CatalogEventPublisher etcdCatalogEventPublisher(EtcdDiscoveryProperties properties, ServiceCatalog catalog,
			EtcdLoops loops, ApplicationEventPublisher publisher) {
		return new CatalogEventPublisher(properties.prefix(), catalog, loops.events(), publisher);
	}

	@Bean
	EtcdLifecycle etcdLifecycle(ApplicationContext context, ServiceCatalog catalog, OverrideMirror overrides,
			ObjectProvider<EtcdServiceRegistry> registry) {
		return new EtcdLifecycle(context, EtcdLifecycle.DEFAULT_PHASE, () -> {
			catalog.start();
			overrides.start();
		}, () -> {
			registry.ifAvailable(EtcdServiceRegistry::close);
			overrides.stop();
			catalog.stop();
		});
	}

	@Bean
	ConsumerAnnouncer etcdConsumerAnnouncer(ApplicationContext context,
			ObjectProvider<AutoServiceRegistration> registrations) {
		return new ConsumerAnnouncer(context, registrations);
	}

}
