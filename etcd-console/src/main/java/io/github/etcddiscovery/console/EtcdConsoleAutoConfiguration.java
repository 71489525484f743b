package io.github.etcddiscovery.console;

import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Stream;

import io.github.etcddiscovery.actuate.EtcdDiscoveryEndpoint;
import io.github.etcddiscovery.autoconfigure.EtcdDiscoveryAutoConfiguration;
import io.github.etcddiscovery.autoconfigure.EtcdServiceRegistryAutoConfiguration;
import io.github.etcddiscovery.client.CertificateExpiry;
import io.github.etcddiscovery.client.ClusterInspector;
import io.github.etcddiscovery.client.EtcdConnection;
import io.github.etcddiscovery.client.EtcdLifecycle;
import io.github.etcddiscovery.client.EtcdLoops;
import io.github.etcddiscovery.client.EtcdProperties;
import io.github.etcddiscovery.client.JetcdLeaseCheck;
import io.github.etcddiscovery.client.JetcdLeaseStore;
import io.github.etcddiscovery.client.JetcdListerWatcher;
import io.github.etcddiscovery.discovery.EtcdDiscoveryProperties;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.loadbalancer.Rotations;
import io.github.etcddiscovery.registry.EtcdServiceRegistry;
import io.github.etcddiscovery.registry.LeasedRegistrations;
import io.github.etcddiscovery.watch.KeyRange;
import io.github.etcddiscovery.watch.MirrorTiming;
import org.jspecify.annotations.Nullable;

import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.EndpointAccessResolver;
import org.springframework.boot.actuate.endpoint.EndpointId;
import org.springframework.boot.actuate.endpoint.SanitizableData;
import org.springframework.boot.actuate.endpoint.Sanitizer;
import org.springframework.boot.actuate.endpoint.SanitizingFunction;
import org.springframework.boot.actuate.endpoint.web.PathMapper;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.cloud.client.discovery.event.HeartbeatEvent;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ImportRuntimeHints;
import org.springframework.core.env.Environment;

/**
 * Auto-configuration for the console.
 */
@AutoConfiguration(after = { EtcdDiscoveryAutoConfiguration.class, EtcdServiceRegistryAutoConfiguration.class })
@ConditionalOnBean(ServiceCatalog.class)
@ConditionalOnAvailableEndpoint(EtcdConsoleEndpoint.class)
@ImportRuntimeHints(EtcdConsoleAutoConfiguration.Hints.class)
public final class EtcdConsoleAutoConfiguration {

	private static final EndpointId ID = EndpointId.of(EtcdConsoleEndpoint.ID);

	@Bean
	@ConditionalOnMissingBean
	EtcdConsoleEndpoint etcdConsoleEndpoint(ConsoleViews views, ServiceCatalog catalog, EtcdConnection connection,
			EtcdDiscoveryProperties properties, ObjectProvider<PathMapper> pathMappers) {
		return new EtcdConsoleEndpoint(PathMapper.getRootPath(pathMappers.orderedStream().toList(), ID), views,
				new OverrideWriter(properties.overridesPrefix(), catalog,
						new JetcdLeaseStore(connection, OverrideWriter.LONGEST), Clock.systemUTC()));
	}

	@Bean
	ConsoleHistory etcdConsoleHistory(ServiceCatalog catalog, EtcdConnection connection,
			ObjectProvider<SanitizingFunction> sanitizers) {
		return new ConsoleHistory(catalog, Clock.systemUTC(), UUID.randomUUID().toString().substring(0, 8),
				metadata(sanitizer(sanitizers)), new JetcdLeaseCheck(connection));
	}

	@Bean
	ConsoleViews etcdConsoleViews(Environment environment, ServiceCatalog catalog,
			ObjectProvider<EtcdServiceRegistry> registry, ObjectProvider<LeasedRegistrations> registrations,
			ObjectProvider<SanitizingFunction> sanitizers, ConsoleHistory history, EtcdConnection connection,
			CallersMirror callers, ObjectProvider<Rotations> rotations, ObjectProvider<CertificateExpiry> certificates,
			ObjectProvider<EndpointAccessResolver> accesses) {
		EtcdDiscoveryEndpoint discovery = new EtcdDiscoveryEndpoint(catalog, registry.getIfAvailable(),
				registrations.getIfAvailable(), sanitizer(sanitizers));
		return new ConsoleViews(environment.getProperty("spring.application.name", "application"), catalog, discovery,
				history, new ClusterView(new ClusterInspector(connection), System::nanoTime), callers,
				rotations.getIfAvailable(), () -> {
					CertificateExpiry certificate = certificates.getIfAvailable();
					return (certificate != null) ? certificate.first() : null;
				}, Clock.systemUTC(), () -> isUnrestricted(accesses));
	}

	@Bean(initMethod = "start")
	CallersMirror etcdCallersMirror(EtcdDiscoveryProperties properties, EtcdConnection connection, EtcdLoops loops,
			EtcdProperties etcdProperties) {
		KeyRange range = KeyRange.prefix(properties.consumersPrefix() + "/");
		return new CallersMirror(range, new JetcdListerWatcher(connection, range), loops.mirrors(),
				new MirrorTiming(etcdProperties.requestTimeout(), properties.checkInterval(), Duration.ZERO));
	}

	@Bean
	EtcdLifecycle etcdCallersMirrorLifecycle(ApplicationContext context, CallersMirror callers) {
		return new EtcdLifecycle(context, EtcdLifecycle.DEFAULT_PHASE, callers::start, callers::stop);
	}

	@Bean
	HistoryKeeper etcdConsoleHistoryKeeper(ConsoleHistory history) {
		return new HistoryKeeper(history);
	}

	private static boolean isUnrestricted(ObjectProvider<EndpointAccessResolver> accesses) {
		EndpointAccessResolver resolver = accesses.getIfAvailable();
		return resolver != null && resolver.accessFor(ID, Access.READ_ONLY) == Access.UNRESTRICTED;
	}

	private static Sanitizer sanitizer(ObjectProvider<SanitizingFunction> sanitizers) {
		return new Sanitizer(Stream
			.concat(sanitizers.orderedStream(), Stream.of(SanitizingFunction.sanitizeValue().ifLikelySensitive()))
			.toList());
	}

	private static Function<EtcdServiceInstance, Map<String, String>> metadata(Sanitizer sanitizer) {
		return (instance) -> {
			Map<String, String> metadata = new TreeMap<>();
			instance.getMetadata()
				.forEach((key, value) -> metadata.put(key,
						String.valueOf(sanitizer.sanitize(new SanitizableData(null, key, value), true))));
			return metadata;
		};
	}

	/**
	 * Of its own class, from which Spring reads the event.
	 */
	static final class HistoryKeeper implements ApplicationListener<HeartbeatEvent> {

		private final ConsoleHistory history;

		HistoryKeeper(ConsoleHistory history) {
			this.history = history;
		}

		@Override
		public void onApplicationEvent(HeartbeatEvent event) {
			this.history.look();
		}

	}

	/**
	 * The files of the page.
	 */
	static final class Hints implements RuntimeHintsRegistrar {

		@Override
		public void registerHints(RuntimeHints hints, @Nullable ClassLoader classLoader) {
			hints.resources().registerPattern(ConsoleAssets.LOCATION + "*");
		}

	}

}
