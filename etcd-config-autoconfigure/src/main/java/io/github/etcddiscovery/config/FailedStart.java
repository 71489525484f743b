package io.github.etcddiscovery.config;

import java.util.Objects;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.bootstrap.BootstrapContext;
import org.springframework.boot.context.event.ApplicationFailedEvent;
import org.springframework.boot.context.event.ApplicationStartingEvent;
import org.springframework.boot.context.event.SpringApplicationEvent;
import org.springframework.context.ApplicationListener;

/**
 * Closes the connection of an application whose start fails before its context has taken
 * the connection over. One for each application.
 */
final class FailedStart implements ApplicationListener<SpringApplicationEvent> {

	private volatile @Nullable BootstrapContext bootstrap;

	@Override
	public void onApplicationEvent(SpringApplicationEvent event) {
		if (event instanceof ApplicationStartingEvent starting) {
			this.bootstrap = starting.getBootstrapContext();
		}
		BootstrapContext bootstrap = this.bootstrap;
		if (event instanceof ApplicationFailedEvent && bootstrap != null && bootstrap.isRegistered(EtcdConfig.class)) {
			Objects.requireNonNull(bootstrap.get(EtcdConfig.class)).close();
		}
	}

}
