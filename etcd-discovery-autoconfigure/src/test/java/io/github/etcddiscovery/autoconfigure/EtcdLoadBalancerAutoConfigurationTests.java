package io.github.etcddiscovery.autoconfigure;

import java.util.List;
import java.util.Map;
import java.util.Set;

import io.github.etcddiscovery.discovery.EtcdDiscoveryClient;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.loadbalancer.UncachedLoadBalancerConfiguration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.cache.autoconfigure.CacheAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.concurrent.ConcurrentMapCacheManager;
import org.springframework.cache.support.NoOpCacheManager;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.cloud.client.discovery.composite.CompositeDiscoveryClientAutoConfiguration;
import org.springframework.cloud.client.discovery.simple.SimpleDiscoveryClientAutoConfiguration;
import org.springframework.cloud.client.loadbalancer.LoadBalancerLifecycle;
import org.springframework.cloud.commons.util.UtilAutoConfiguration;
import org.springframework.cloud.loadbalancer.annotation.LoadBalancerClientSpecification;
import org.springframework.cloud.loadbalancer.annotation.LoadBalancerClients;
import org.springframework.cloud.loadbalancer.cache.LoadBalancerCacheManager;
import org.springframework.cloud.loadbalancer.config.LoadBalancerAutoConfiguration;
import org.springframework.cloud.loadbalancer.config.LoadBalancerCacheAutoConfiguration;
import org.springframework.cloud.loadbalancer.config.LoadBalancerZoneConfig;
import org.springframework.cloud.loadbalancer.core.DiscoveryClientServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.core.ServiceInstanceListSupplier;
import org.springframework.cloud.loadbalancer.support.LoadBalancerClientFactory;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.BDDMockito.given;
import static org.mockito.Mockito.mock;

/**
 * Tests for {@link EtcdLoadBalancerAutoConfiguration}.
 */
class EtcdLoadBalancerAutoConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(
				AutoConfigurations.of(EtcdClientAutoConfiguration.class, EtcdDiscoveryAutoConfiguration.class,
						EtcdLoadBalancerAutoConfiguration.class, LoadBalancerAutoConfiguration.class,
						LoadBalancerCacheAutoConfiguration.class, CacheAutoConfiguration.class))
		.withPropertyValues("spring.cloud.etcd.endpoints=http://127.0.0.1:1");

	private static final List<ServiceInstance> KNOWN = List
		.of(new EtcdServiceInstance("orders", "one", "10.0.0.1", 80, false, InstanceStatus.UP, Map.of()));

	private final ApplicationContextRunner known = new ApplicationContextRunner()
		.withConfiguration(
				AutoConfigurations.of(EtcdLoadBalancerAutoConfiguration.class, LoadBalancerAutoConfiguration.class))
		.withBean(ServiceCatalog.class, EtcdLoadBalancerAutoConfigurationTests::catalog)
		.withBean(EtcdDiscoveryClient.class, () -> new EtcdDiscoveryClient(mock(ServiceCatalog.class), () -> false, 0))
		.withPropertyValues("spring.cloud.etcd.loadbalancer.eject-unreachable=false");

	@Test
	void cachesNothingInTheContextOfEachService() {
		this.contextRunner.run((context) -> assertThat(cacheManager(context.getBean(LoadBalancerClientFactory.class)))
			.isInstanceOf(NoOpCacheManager.class));
	}

	@Test
	void leavesCachesOfTheApplicationAlone() {
		this.contextRunner.withUserConfiguration(Caching.class)
			.run((context) -> assertThat(context.getBean(CacheManager.class))
				.isInstanceOf(ConcurrentMapCacheManager.class));
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.cloud.etcd.enabled", "spring.cloud.etcd.discovery.enabled",
			"spring.cloud.discovery.enabled", "spring.cloud.etcd.loadbalancer.enabled" })
	void leavesTheCacheWhenSwitchedOff(String property) {
		this.contextRunner.withPropertyValues(property + "=false")
			.run((context) -> assertThat(cacheManager(context.getBean(LoadBalancerClientFactory.class)))
				.isNotInstanceOf(NoOpCacheManager.class));
	}

	@Test
	void doesNothingWhenLoadBalancingIsSwitchedOff() {
		this.contextRunner.withPropertyValues("spring.cloud.loadbalancer.enabled=false")
			.run((context) -> assertThat(context).hasNotFailed()
				.doesNotHaveBean(LoadBalancerClientSpecification.class));
	}

	@Test
	void choosesFromTheCatalogItself() {
		this.known.run((context) -> assertThat(instances(context)).isSameAs(KNOWN));
	}

	@Test
	void asksTheClientsWhereTheCatalogMayNotKnowAll() {
		this.known.withPropertyValues("spring.cloud.discovery.client.simple.instances.orders[0].uri=http://simple:1")
			.withConfiguration(AutoConfigurations.of(UtilAutoConfiguration.class,
					SimpleDiscoveryClientAutoConfiguration.class, CompositeDiscoveryClientAutoConfiguration.class))
			.run((context) -> assertThat(instances(context)).extracting(ServiceInstance::getHost)
				.containsExactly("simple"));
	}

	@Test
	void asksSuppliersOfTheApplicationsOwn() {
		this.known.withUserConfiguration(OwnSuppliers.class)
			.run((context) -> assertThat(instances(context)).extracting(ServiceInstance::getHost)
				.containsExactly("own"));
	}

	private static @Nullable List<ServiceInstance> instances(ApplicationContext context) {
		return context.getBean(LoadBalancerClientFactory.class)
			.getInstance("orders", ServiceInstanceListSupplier.class)
			.get()
			.blockFirst();
	}

	private static ServiceCatalog catalog() {
		ServiceCatalog catalog = mock(ServiceCatalog.class);
		given(catalog.isKnown("orders")).willReturn(true);
		given(catalog.instances("orders")).willReturn(KNOWN);
		return catalog;
	}

	@Test
	void refusesANegativeSlowStart() {
		this.contextRunner.withPropertyValues("spring.cloud.etcd.loadbalancer.slow-start=-1s")
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessageContaining("spring.cloud.etcd.loadbalancer.slow-start")
				.hasMessageContaining("must not be negative"));
	}

	@Test
	void ejectsUnlessToldOtherwise() {
		this.contextRunner.run((context) -> assertThat(lifecycles(context)).contains("ejections"));
		this.contextRunner.withPropertyValues("spring.cloud.etcd.loadbalancer.eject-unreachable=false")
			.run((context) -> assertThat(lifecycles(context)).doesNotContain("ejections"));
	}

	@ParameterizedTest
	@CsvSource({ "other, false", "'other,service', true", "*, true" })
	void comparesTheLoadsOfTheServicesThatAreNamed(String services, boolean compares) {
		this.contextRunner.run((context) -> assertThat(lifecycles(context)).doesNotContain("loads"));
		this.contextRunner.withPropertyValues("spring.cloud.etcd.loadbalancer.least-request=" + services)
			.run((context) -> assertThat(lifecycles(context).contains("loads")).isEqualTo(compares));
	}

	@Test
	void hasTheZoneThatTheApplicationRegistersWith() {
		this.contextRunner.withPropertyValues("spring.cloud.etcd.discovery.zone= ")
			.run((context) -> assertThat(zone(context)).isNull());
		this.contextRunner.withPropertyValues("spring.cloud.etcd.discovery.metadata.zone=a")
			.run((context) -> assertThat(zone(context)).isEqualTo("a"));
		this.contextRunner
			.withPropertyValues("spring.cloud.etcd.discovery.metadata.zone=a", "spring.cloud.etcd.discovery.zone=b")
			.run((context) -> assertThat(zone(context)).isEqualTo("b"));
		this.contextRunner.withPropertyValues("spring.cloud.etcd.discovery.zone=b", "spring.cloud.loadbalancer.zone=c")
			.run((context) -> assertThat(zone(context)).isEqualTo("c"));
	}

	private static @Nullable String zone(ApplicationContext context) {
		return context.getBean(LoadBalancerZoneConfig.class).getZone();
	}

	private static Set<String> lifecycles(ApplicationContext context) {
		return context.getBean(LoadBalancerClientFactory.class)
			.getInstances("service", LoadBalancerLifecycle.class)
			.keySet();
	}

	@Test
	void doesNothingWithoutLoadBalancer() {
		new ApplicationContextRunner()
			.withConfiguration(AutoConfigurations.of(EtcdClientAutoConfiguration.class,
					EtcdDiscoveryAutoConfiguration.class, EtcdLoadBalancerAutoConfiguration.class))
			.withPropertyValues("spring.cloud.etcd.endpoints=http://127.0.0.1:1")
			.withClassLoader(new FilteredClassLoader("org.springframework.cloud.loadbalancer"))
			.run((context) -> assertThat(context).hasNotFailed()
				.doesNotHaveBean(EtcdLoadBalancerAutoConfiguration.class)
				.doesNotHaveBean(UncachedLoadBalancerConfiguration.class));
	}

	private static LoadBalancerCacheManager cacheManager(LoadBalancerClientFactory factory) {
		LoadBalancerCacheManager manager = factory.getInstance("service", LoadBalancerCacheManager.class);
		assertThat(manager).isNotNull();
		return manager;
	}

	@Configuration(proxyBeanMethods = false)
	@EnableCaching
	static class Caching {

	}

	@Configuration(proxyBeanMethods = false)
	@LoadBalancerClients(defaultConfiguration = OwnSupplier.class)
	static class OwnSuppliers {

	}

	static class OwnSupplier {

		@Bean
		ServiceInstanceListSupplier ownSupplier(Environment environment) {
			DiscoveryClient own = mock(DiscoveryClient.class);
			given(own.getInstances("orders"))
				.willReturn(List.of(new DefaultServiceInstance("own", "orders", "own", 1, false)));
			return new DiscoveryClientServiceInstanceListSupplier(own, environment);
		}

	}

}
