package io.github.etcddiscovery.autoconfigure;

import io.github.etcddiscovery.client.EtcdClientFactory;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration that follows Spring Cloud's refreshes: it says what is wrong with
 * properties of the connection that were changed, and what is right is used.
 */
@AutoConfiguration(after = EtcdClientAutoConfiguration.class)
@ConditionalOnBean(EtcdClientFactory.class)
public final class EtcdConnectionRefreshAutoConfiguration {

	@Bean
	ConnectionRefresher etcdConnectionRefresher(EtcdClientFactory factory) {
		return new ConnectionRefresher(factory);
	}

	/**
	 * Of its own class, from which Spring reads the event.
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
