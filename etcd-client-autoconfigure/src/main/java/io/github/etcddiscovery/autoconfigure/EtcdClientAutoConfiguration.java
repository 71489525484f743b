package io.github.etcddiscovery.autoconfigure;

import java.time.Clock;
import java.util.List;

import io.etcd.jetcd.Client;
import io.github.etcddiscovery.client.BlankIsUnset;
import io.github.etcddiscovery.client.BootstrapConnection;
import io.github.etcddiscovery.client.CertificateExpiry;
import io.github.etcddiscovery.client.EtcdChannelBuilderCustomizer;
import io.github.etcddiscovery.client.EtcdClientBuilderCustomizer;
import io.github.etcddiscovery.client.EtcdClientFactory;
import io.github.etcddiscovery.client.EtcdConnection;
import io.github.etcddiscovery.client.EtcdConnectionDetails;
import io.github.etcddiscovery.client.EtcdLifecycle;
import io.github.etcddiscovery.client.EtcdLoops;
import io.github.etcddiscovery.client.EtcdProperties;
import io.github.etcddiscovery.client.PropertiesEtcdConnectionDetails;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
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
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/**
 * Auto-configuration for the connection to etcd: a jetcd {@link Client} to inject, the
 * connection of registration and discovery, and their threads. Nothing connects before it
 * is used.
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
	 * Binds the properties again, because the password may have been replaced, while the
	 * properties bean cannot change.
	 */
	private static EtcdProperties current(Environment environment) {
		return Binder.get(environment, new BlankIsUnset(BindHandler.DEFAULT))
			.bindOrCreate("spring.cloud.etcd", EtcdProperties.class);
	}

	@Bean
	static ConfigurationPropertiesBindHandlerAdvisor etcdBlankIsUnset() {
		return BlankIsUnset::new;
	}

	/**
	 * Takes over the factory of a connection from before the context, if that leads to
	 * the same etcd.
	 */
	@Bean
	@ConditionalOnMissingBean
	EtcdClientFactory etcdClientFactory(EtcdProperties properties, EtcdConnectionDetails details,
			ObjectProvider<EtcdClientBuilderCustomizer> customizers,
			ObjectProvider<EtcdChannelBuilderCustomizer> channelCustomizers,
			ObjectProvider<BootstrapConnection> bootstrap) {
		List<EtcdClientBuilderCustomizer> ofClients = customizers.orderedStream().toList();
		List<EtcdChannelBuilderCustomizer> ofChannels = channelCustomizers.orderedStream().toList();
		BootstrapConnection open = bootstrap.getIfUnique();
		if (open != null && ofClients.isEmpty() && ofChannels.isEmpty() && open.properties().equals(properties)
				&& open.isTo(details)) {
			return open.factory();
		}
		return new EtcdClientFactory(properties, details, ofClients, ofChannels);
	}

	@Bean(destroyMethod = "close")
	@ConditionalOnMissingBean
	Client etcdClient(EtcdClientFactory factory) {
		return factory.create();
	}

	@Bean
	@ConditionalOnMissingBean
	EtcdConnection etcdConnection(EtcdClientFactory factory, EtcdProperties properties,
			ObjectProvider<BootstrapConnection> bootstrap) {
		BootstrapConnection open = bootstrap.getIfUnique();
		return (open != null && open.factory() == factory) ? open.connection()
				: new EtcdConnection(factory, properties.requestTimeout());
	}

	@Bean
	EtcdLoops etcdLoops() {
		return new EtcdLoops();
	}

	@Bean
	EtcdLifecycle etcdConnectionLifecycle(ApplicationContext context, EtcdConnection connection) {
		return new EtcdLifecycle(context, EtcdLifecycle.CONNECTION_PHASE, connection::open, connection::stop);
	}

	@Bean(initMethod = "start")
	CertificateExpiry etcdCertificateExpiry(EtcdConnectionDetails details, EtcdLoops loops) {
		return new CertificateExpiry(details, Clock.systemUTC(), loops.events());
	}

	/**
	 * A bean of its own, so that it works even if beans of the application replace the
	 * others.
	 */
	@Bean
	SmartInitializingSingleton etcdCertificateReload(EtcdProperties properties, ObjectProvider<SslBundles> bundles,
			EtcdConnection connection, CertificateExpiry expiry) {
		return () -> {
			String bundle = properties.ssl().bundleInUse();
			if (bundle != null) {
				bundles.ifAvailable((all) -> all.addBundleUpdateHandler(bundle, (updated) -> {
					connection.replaceChannels();
					expiry.replaced();
				}));
			}
		};
	}

	/**
	 * Hides the password even where the actuator's endpoints may show values.
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
