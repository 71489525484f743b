package io.github.etcddiscovery.config.autoconfigure;

import io.github.etcddiscovery.client.BootstrapConnection;
import io.github.etcddiscovery.client.EtcdConnectionDetails;
import io.github.etcddiscovery.config.EtcdConfig;
import io.github.etcddiscovery.config.EtcdConfigProperties;
import io.github.etcddiscovery.config.EtcdConfigRefresher;
import io.github.etcddiscovery.config.Live;
import io.github.etcddiscovery.config.LiveValues;

import org.springframework.beans.factory.InjectionPoint;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.DependencyDescriptor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Scope;
import org.springframework.core.MethodParameter;
import org.springframework.core.ResolvableType;

/**
 * Auto-configuration for following the configuration in etcd, if any is imported.
 */
@AutoConfiguration
@ConditionalOnBooleanProperty(name = "spring.cloud.etcd.enabled", matchIfMissing = true)
@EnableConfigurationProperties(EtcdConfigProperties.class)
public final class EtcdConfigAutoConfiguration {

	@Bean
	LiveValues etcdLiveValues(ConfigurableApplicationContext context, ObjectProvider<EtcdConfig> config) {
		return new LiveValues(context, config.getIfAvailable());
	}

	/**
	 * A prototype, since its type depends on the injection point; the same object for the
	 * same type.
	 */
	@Bean
	@Scope("prototype")
	<T> Live<T> etcdLive(InjectionPoint point, LiveValues values) {
		return values.of(type(point).as(Live.class).getGeneric());
	}

	private static ResolvableType type(InjectionPoint point) {
		if (point instanceof DependencyDescriptor descriptor) {
			return descriptor.getResolvableType();
		}
		MethodParameter parameter = point.getMethodParameter();
		return (parameter != null) ? ResolvableType.forMethodParameter(parameter)
				: ResolvableType.forClass(point.getDeclaredType());
	}

	/**
	 * From now on, connection details of the context are used, such as those of a
	 * container.
	 */
	@Bean
	@ConditionalOnBean(EtcdConfig.class)
	EtcdConfigRefresher etcdConfigRefresher(ConfigurableApplicationContext context, EtcdConfig config,
			LiveValues values, ObjectProvider<EtcdConnectionDetails> details,
			ObjectProvider<BootstrapConnection> connection) {
		EtcdConnectionDetails own = details.getIfUnique();
		BootstrapConnection open = connection.getIfUnique();
		if (own != null && open != null && !open.isTo(own)) {
			open.leadTo(own);
		}
		return new EtcdConfigRefresher(context, config, values);
	}

	/**
	 * Endpoints and credentials may have changed, even by the configuration itself.
	 */
	@Bean
	@ConditionalOnBean(EtcdConfig.class)
	ApplicationListener<EnvironmentChangeEvent> etcdConfigConnectionRefresher(BootstrapConnection connection) {
		return new ApplicationListener<>() {

			@Override
			public void onApplicationEvent(EnvironmentChangeEvent event) {
				connection.factory().refresh();
			}

		};
	}

}
