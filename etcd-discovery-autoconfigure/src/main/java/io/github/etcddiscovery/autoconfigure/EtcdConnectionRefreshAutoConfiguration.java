package io.github.etcddiscovery.autoconfigure;

import io.github.etcddiscovery.client.EtcdClientFactory;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration that applies changed properties of the connection after Spring
 * Cloud's refreshes, and logs those that are invalid.
 */
@AutoConfiguration(after = EtcdClientAutoConfiguration.class)
@ConditionalOnBean(EtcdClientFactory.class)
public final class EtcdConnectionRefreshAutoConfiguration {

	@Bean
	ConnectionRefresher etcdConnectionRefresher(EtcdClientFactory factory) {
		return new ConnectionRefresher(factory);
	}

	/**
	 * A class of its own, because Spring reads the type of the event from it.
	 */
	static final class ConnectionRefresher implements ApplicationListener<EnvironmentChangeEvent> {

		private final EtcdClientFactory factory;

		ConnectionRefresher(EtcdClientFactory factory) {
			this.factory = factory;
		}

		@Override
		public void onApplicationEvent(EnvironmentChangeEvent event) {
			this.factory.refresh();
		}

	}

}
