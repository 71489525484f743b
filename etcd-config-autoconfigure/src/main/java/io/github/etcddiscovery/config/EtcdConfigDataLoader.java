package io.github.etcddiscovery.config;

import java.util.List;
import java.util.Objects;

import io.github.etcddiscovery.config.ConfigState.Freshness;
import io.github.etcddiscovery.core.EtcdAccessException;

import org.springframework.boot.context.config.ConfigData;
import org.springframework.boot.context.config.ConfigData.Option;
import org.springframework.boot.context.config.ConfigData.Options;
import org.springframework.boot.context.config.ConfigDataLoader;
import org.springframework.boot.context.config.ConfigDataLoaderContext;
import org.springframework.boot.context.config.ConfigDataResourceNotFoundException;

/**
 * Loads imports from etcd. The first one that is loaded reads all sources known so far,
 * at once.
 */
final class EtcdConfigDataLoader implements ConfigDataLoader<EtcdConfigDataResource> {

	@Override
	public ConfigData load(ConfigDataLoaderContext context, EtcdConfigDataResource resource) {
		ImportSource source = resource.source();
		if (source == null) {
			return ConfigData.EMPTY;
		}
		EtcdConfig config = Objects.requireNonNull(context.getBootstrapContext().get(EtcdConfig.class));
		try {
			config.load();
		}
		catch (EtcdAccessException | InvalidConfigException ex) {
			throw new EtcdConfigLoadException(source.location(), ex);
		}
		ConfigState state = config.state();
		if (source.required() && !resource.mayBeMissing() && state.freshness() != Freshness.NONE
				&& state.of(source).entries().isEmpty()) {
			throw new ConfigDataResourceNotFoundException(resource);
		}
		Options options = Options.of(Option.IGNORE_IMPORTS, Option.IGNORE_PROFILES);
		return new ConfigData(List.of(config.propertySource(source)),
				(propertySource) -> (source.profile() != null) ? options.with(Option.PROFILE_SPECIFIC) : options);
	}

}
