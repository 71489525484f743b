package io.github.etcddiscovery.config;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

import org.springframework.boot.bootstrap.ConfigurableBootstrapContext;
import org.springframework.boot.context.config.ConfigDataLocation;
import org.springframework.boot.context.config.ConfigDataLocationResolver;
import org.springframework.boot.context.config.ConfigDataLocationResolverContext;
import org.springframework.boot.context.config.Profiles;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.logging.DeferredLogFactory;

/**
 * Resolves imports that begin with {@code etcd:}.
 */
final class EtcdConfigDataLocationResolver implements ConfigDataLocationResolver<EtcdConfigDataResource> {

	private static final String PREFIX = "etcd:";

	private final DeferredLogFactory logs;

	EtcdConfigDataLocationResolver(DeferredLogFactory logs) {
		this.logs = logs;
	}

	@Override
	public boolean isResolvable(ConfigDataLocationResolverContext context, ConfigDataLocation location) {
		return location.hasPrefix(PREFIX);
	}

	/**
	 * The automatic contexts are resolved with the profiles, since those of a profile are
	 * ordered between the others.
	 */
	@Override
	public List<EtcdConfigDataResource> resolve(ConfigDataLocationResolverContext context,
			ConfigDataLocation location) {
		String text = location.getNonPrefixedValue(PREFIX);
		if (!isEnabled(context.getBinder())) {
			return List.of(new EtcdConfigDataResource(null, true));
		}
		if (ImportSources.isAutomatic(text)) {
			return List.of();
		}
		EtcdConfig config = config(context);
		boolean mayBeMissing = mayBeMissing(location, context.getBinder());
		return resources(config, sources(context, config).sources(text, mayBeMissing), location, mayBeMissing);
	}

	@Override
	public List<EtcdConfigDataResource> resolveProfileSpecific(ConfigDataLocationResolverContext context,
			ConfigDataLocation location, Profiles profiles) {
		if (!isEnabled(context.getBinder())) {
			return List.of();
		}
		EtcdConfig config = config(context);
		List<String> accepted = profiles.getAccepted();
		config.profiles(accepted);
		return resources(config, sources(context, config).sources(location.getNonPrefixedValue(PREFIX), accepted),
				location, true);
	}

	private static boolean mayBeMissing(ConfigDataLocation location, Binder binder) {
		return location.isOptional() || text(binder, "spring.config.on-not-found").equalsIgnoreCase("ignore");
	}

	/**
	 * Add all sources of an import before the first of them is loaded, so that they are
	 * read together.
	 */
	private static List<EtcdConfigDataResource> resources(EtcdConfig config, List<ImportSource> sources,
			ConfigDataLocation location, boolean mayBeMissing) {
		return sources.stream().map((source) -> {
			config.add(source, location.isOptional());
			return new EtcdConfigDataResource(source, mayBeMissing);
		}).toList();
	}

	private static boolean isEnabled(Binder binder) {
		return Stream.of("spring.cloud.etcd.enabled", EtcdConfigProperties.PREFIX + ".enabled")
			.allMatch((name) -> binder.bind(name, Boolean.class).orElse(true));
	}

	/**
	 * The same object for all imports, and for refreshes of Spring Cloud.
	 */
	private EtcdConfig config(ConfigDataLocationResolverContext context) {
		ConfigurableBootstrapContext bootstrap = context.getBootstrapContext();
		if (!bootstrap.isRegistered(EtcdConfig.class)) {
			EtcdConfigBootstrap.register(bootstrap, context.getBinder(), this.logs);
		}
		return Objects.requireNonNull(bootstrap.get(EtcdConfig.class));
	}

	private static ImportSources sources(ConfigDataLocationResolverContext context, EtcdConfig config) {
		Binder binder = context.getBinder();
		Map<String, String> variables = new HashMap<>();
		String name = config.properties().name();
		put(variables, "name", (name != null) ? name : text(binder, "spring.application.name"));
		put(variables, "zone", text(binder, "spring.cloud.etcd.discovery.zone"),
				text(binder, "spring.cloud.loadbalancer.zone"));
		put(variables, "instance-id", text(binder, "spring.cloud.etcd.discovery.instance-id"));
		return new ImportSources(config.properties(), variables);
	}

	private static void put(Map<String, String> variables, String name, String... candidates) {
		Stream.of(candidates)
			.filter((candidate) -> !candidate.isBlank())
			.findFirst()
			.ifPresent((value) -> variables.put(name, value));
	}

	private static String text(Binder binder, String name) {
		return binder.bind(name, Bindable.of(String.class)).orElse("");
	}

}
