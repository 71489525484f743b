package io.github.etcddiscovery.config;

import java.util.Objects;

import io.github.etcddiscovery.client.BlankIsUnset;
import io.github.etcddiscovery.client.BootstrapConnection;
import io.github.etcddiscovery.client.EtcdConnectionDetails;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.DefaultSingletonBeanRegistry;
import org.springframework.boot.bootstrap.BootstrapContext;
import org.springframework.boot.bootstrap.BootstrapRegistry.InstanceSupplier;
import org.springframework.boot.bootstrap.ConfigurableBootstrapContext;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.logging.DeferredLogFactory;
import org.springframework.security.crypto.encrypt.TextEncryptor;

/**
 * Opens the connection before there is a context, and hands it over to the context.
 */
final class EtcdConfigBootstrap {

	private EtcdConfigBootstrap() {
	}

	/**
	 * Register the configuration of the application in the bootstrap context, and from
	 * there in the application's context. Connection details in the bootstrap registry
	 * take precedence over properties.
	 */
	static void register(ConfigurableBootstrapContext bootstrap, Binder binder, DeferredLogFactory logs) {
		BindHandler handler = Objects.requireNonNull(bootstrap.getOrElse(BindHandler.class, BindHandler.DEFAULT));
		EtcdConfigProperties properties = binder.bindOrCreate(EtcdConfigProperties.PREFIX,
				Bindable.of(EtcdConfigProperties.class), new BlankIsUnset(handler));
		BootstrapConnection connection = new BootstrapConnection(binder, handler, details(bootstrap, binder));
		EtcdConfig config = new EtcdConfig(properties, new EtcdConfigStore(connection),
				(text) -> decrypt(bootstrap, text), logs.getLog(EtcdConfig.class));
		bootstrap.register(EtcdConfig.class, InstanceSupplier.of(config));
		bootstrap.addCloseListener((event) -> {
			connection.follow(event.getApplicationContext());
			hand(connection, config, event.getApplicationContext().getBeanFactory());
		});
	}

	private static @Nullable EtcdConnectionDetails details(BootstrapContext bootstrap, Binder binder) {
		EtcdConnectionDetails registered = bootstrap.getOrElse(EtcdConnectionDetails.class, null);
		return (registered != null || EtcdConfig.isAheadOfTime()) ? registered : DockerComposeEtcd.start(binder);
	}

	/**
	 * Closed with the context, even if the context fails to start.
	 */
	private static void hand(BootstrapConnection connection, EtcdConfig config,
			ConfigurableListableBeanFactory beanFactory) {
		beanFactory.registerSingleton("etcdBootstrapConnection", connection);
		beanFactory.registerSingleton("etcdConfig", config);
		if (beanFactory instanceof DefaultSingletonBeanRegistry registry) {
			registry.registerDisposableBean("etcdConfig", (DisposableBean) config::close);
		}
	}

	private static String decrypt(BootstrapContext bootstrap, String text) {
		TextEncryptor encryptor = bootstrap.getOrElse(TextEncryptor.class, null);
		if (encryptor == null) {
			throw new IllegalStateException("There is no encryptor");
		}
		return encryptor.decrypt(text);
	}

}
