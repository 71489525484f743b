package io.github.etcddiscovery.autoconfigure;

import io.etcd.jetcd.Client;
import io.github.etcddiscovery.client.EtcdChannelBuilderCustomizer;
import io.github.etcddiscovery.client.EtcdClientBuilderCustomizer;
import io.github.etcddiscovery.client.EtcdClientFactory;
import io.github.etcddiscovery.client.EtcdConnectionDetails;
import io.github.etcddiscovery.client.EtcdProperties;
import io.github.etcddiscovery.client.PropertiesEtcdConnectionDetails;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.endpoint.SanitizingFunction;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.context.properties.ConfigurationPropertiesBindHandlerAdvisor;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/**
 * Auto-configuration for the connection to etcd: a jetcd {@link Client} to inject, and
 * the factory that registration and discovery make theirs with.
 */
@AutoConfiguration(after = SslAutoConfiguration.class)
@ConditionalOnClass(Client.class)
@ConditionalOnBooleanProperty(name = "spring.cloud.etcd.enabled", matchIfMissing = true)
@EnableConfigurationProperties(EtcdProperties.class)
public final class EtcdClientAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean(EtcdConnectionDetails.class)
	PropertiesEtcdConnectionDetails etcdConnectionDetails(Environment environment, ObjectProvider<SslBundles> bundles) {
		return new PropertiesEtcdConnectionDetails(() -> current(environment), bundles.getIfAvailable());
	}

	/**
	 * Binds anew, since the password may have been replaced and the bean that holds it
	 * cannot change.
	 */
	private static EtcdProperties current(Environment environment) {
		return Binder.get(environment, new BlankIsUnset(BindHandler.DEFAULT))
			.bindOrCreate("spring.cloud.etcd", EtcdProperties.class);
	}

	@Bean
	static ConfigurationPropertiesBindHandlerAdvisor etcdBlankIsUnset() {
		return BlankIsUnset::new;
	}

	@Bean
	@ConditionalOnMissingBean
	EtcdClientFactory etcdClientFactory(EtcdProperties properties, EtcdConnectionDetails details,
			ObjectProvider<EtcdClientBuilderCustomizer> customizers,
			ObjectProvider<EtcdChannelBuilderCustomizer> channelCustomizers) {
		return new EtcdClientFactory(properties, details, customizers.orderedStream().toList(),
				channelCustomizers.orderedStream().toList());
	}

	@Bean(destroyMethod = "close")
	@ConditionalOnMissingBean
	Client etcdClient(EtcdClientFactory factory) {
		return factory.create();
	}

	/**
	 * Says at the refresh what is wrong with properties that were changed, and uses what
	 * is right.
	 */
	@Configuration(proxyBeanMethods = false)
	@ConditionalOnClass(EnvironmentChangeEvent.class)
	static class RefreshConfiguration {

		@Bean
		ConnectionRefresher etcdConnectionRefresher(EtcdClientFactory factory) {
			return new ConnectionRefresher(factory);
		}

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

	/**
	 * Also for those who let the actuator's endpoints show values.
	 */
	@Configuration(proxyBeanMethods = false)
	@ConditionalOnClass(SanitizingFunction.class)
	static class EndpointConfiguration {

		@Bean
		SanitizingFunction etcdPasswordSanitizingFunction(ObjectProvider<EtcdConnectionDetails> details) {
			return new PasswordSanitizer(details);
		}

	}

}
