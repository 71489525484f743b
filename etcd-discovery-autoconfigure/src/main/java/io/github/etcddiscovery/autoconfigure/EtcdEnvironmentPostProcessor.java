package io.github.etcddiscovery.autoconfigure;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

import io.github.etcddiscovery.client.EtcdProperties;
import io.github.etcddiscovery.discovery.EtcdDiscoveryProperties;
import io.github.etcddiscovery.loadbalancer.EtcdLoadBalancerProperties;
import io.github.etcddiscovery.registry.EtcdRegistrationProperties;

import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.env.DefaultPropertiesPropertySource;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/**
 * Sets defaults of Spring Cloud, which the application's own properties override. For
 * Spring Cloud LoadBalancer: its cache, which is bypassed, is not created, and no warning
 * recommends another one; retries, which reactive clients have only on request, are
 * enabled for all clients, because a dead instance is listed until its lease expires; and
 * health checks follow the catalog. For Spring Cloud's refresh: our properties beans,
 * which cannot change in place, are excluded, or a refresh would print a stack trace for
 * each. They are added to the application's own exclusions, since Spring Cloud knows only
 * one list.
 */
final class EtcdEnvironmentPostProcessor implements EnvironmentPostProcessor {

	private static final String NEVER_REFRESHABLE = "spring.cloud.refresh.never-refreshable";

	/**
	 * Spring Cloud's own default.
	 */
	private static final List<String> NEVER_REFRESHABLE_BY_DEFAULT = List.of("com.zaxxer.hikari.HikariDataSource");

	private static final List<String> IMMUTABLE = Stream
		.of(EtcdProperties.class, EtcdDiscoveryProperties.class, EtcdRegistrationProperties.class,
				EtcdLoadBalancerProperties.class)
		.map(Class::getName)
		.toList();

	/**
	 * The properties that enable discovery and load balancing here. Without them another
	 * library finds the instances, and retries of reactive clients would follow Spring
	 * Cloud's own policy, which may send a POST twice.
	 */
	private static final List<String> LOAD_BALANCING = List.of("spring.cloud.discovery.enabled",
			"spring.cloud.etcd.discovery.enabled", "spring.cloud.etcd.loadbalancer.enabled");

	@Override
	public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
		if (!environment.getProperty("spring.cloud.etcd.enabled", Boolean.class, true)) {
			return;
		}
		Map<String, Object> defaults = new HashMap<>();
		if (LOAD_BALANCING.stream().allMatch((name) -> environment.getProperty(name, Boolean.class, true))) {
			defaults.put("spring.cloud.loadbalancer.cache.enabled", "false");
			defaults.put("spring.cloud.loadbalancer.retry.enabled", "true");
			defaults.put("spring.cloud.loadbalancer.health-check.refetch-instances", "true");
		}
		// Properties that exist were set by the application
		defaults.keySet().removeIf(environment::containsProperty);
		DefaultPropertiesPropertySource.addOrMerge(defaults, environment.getPropertySources());
		addNeverRefreshable(environment);
	}

	private static void addNeverRefreshable(ConfigurableEnvironment environment) {
		// A refresh processes a copy of the environment, which may have this source
		// already
		environment.getPropertySources().remove(NEVER_REFRESHABLE);
		Set<String> types = new LinkedHashSet<>(Binder.get(environment)
			.bind(NEVER_REFRESHABLE, Bindable.listOf(String.class))
			.orElse(NEVER_REFRESHABLE_BY_DEFAULT));
		types.addAll(IMMUTABLE);
		environment.getPropertySources()
			.addFirst(new MapPropertySource(NEVER_REFRESHABLE, Map.of(NEVER_REFRESHABLE, String.join(",", types))));
	}

}
