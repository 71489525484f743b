package io.github.etcddiscovery.config;

import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.config.ConfigDataLocation;
import org.springframework.boot.context.config.ConfigDataLocationResolver;
import org.springframework.boot.context.config.ConfigDataLocationResolverContext;
import org.springframework.boot.context.config.ConfigDataResource;
import org.springframework.boot.context.config.Profiles;

/**
 * The import {@code between:}, which does something when the profiles are known: after
 * the first imports were read, and before the contexts of the profiles are.
 */
class BetweenReads implements ConfigDataLocationResolver<ConfigDataResource> {

	static volatile @Nullable Runnable action;

	@Override
	public boolean isResolvable(ConfigDataLocationResolverContext context, ConfigDataLocation location) {
		return location.hasPrefix("between:");
	}

	@Override
	public List<ConfigDataResource> resolve(ConfigDataLocationResolverContext context, ConfigDataLocation location) {
		return List.of();
	}

	@Override
	public List<ConfigDataResource> resolveProfileSpecific(ConfigDataLocationResolverContext context,
			ConfigDataLocation location, Profiles profiles) {
		Runnable action = BetweenReads.action;
		BetweenReads.action = null;
		if (action != null) {
			action.run();
		}
		return List.of();
	}

}
