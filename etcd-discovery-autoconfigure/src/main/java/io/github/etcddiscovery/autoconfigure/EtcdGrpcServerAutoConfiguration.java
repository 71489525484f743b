package io.github.etcddiscovery.autoconfigure;

import java.util.Map;

import io.github.etcddiscovery.grpc.GrpcFarewell;
import io.github.etcddiscovery.grpc.GrpcHealth;
import io.github.etcddiscovery.grpc.GrpcServerRegistration;
import io.github.etcddiscovery.registry.EtcdAutoServiceRegistration;
import io.grpc.protobuf.services.HealthStatusManager;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.grpc.server.GlobalServerInterceptor;
import org.springframework.grpc.server.lifecycle.GrpcServerLifecycle;

/**
 * Auto-configuration that registers the port of Spring's gRPC server.
 */
@AutoConfiguration(after = EtcdAutoServiceRegistrationAutoConfiguration.class,
		afterName = { "org.springframework.boot.grpc.server.autoconfigure.GrpcServerFactoryAutoConfiguration",
				"org.springframework.boot.grpc.server.autoconfigure.GrpcServerAutoConfiguration",
				"org.springframework.boot.grpc.server.autoconfigure.health.GrpcServerHealthAutoConfiguration" })
@ConditionalOnClass(GrpcServerLifecycle.class)
@ConditionalOnBean(EtcdAutoServiceRegistration.class)
public final class EtcdGrpcServerAutoConfiguration {

	@Bean
	@ConditionalOnBean(GrpcServerLifecycle.class)
	GrpcServerRegistration etcdGrpcServerRegistration(EtcdAutoServiceRegistration registration,
			Map<String, GrpcServerLifecycle> servers, Environment environment, ObjectProvider<GrpcFarewell> farewells) {
		return new GrpcServerRegistration(registration, servers, isSecure(environment),
				farewells.orderedStream().toList());
	}

	/**
	 * Whether the server speaks TLS, by the rules of Spring Boot and Spring gRPC.
	 */
	private static boolean isSecure(Environment environment) {
		boolean bundle = environment.getProperty("spring.grpc.server.ssl.bundle") != null;
		return environment.getProperty("spring.grpc.server.ssl.enabled", Boolean.class, bundle);
	}

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnClass(HealthStatusManager.class)
	@ConditionalOnBean(HealthStatusManager.class)
	static class HealthConfiguration {

		/**
		 * An interceptor as well, so that it sees every health status that is sent,
		 * whatever its source.
		 */
		@Bean
		@GlobalServerInterceptor
		GrpcHealth etcdGrpcHealth(ApplicationContext context, HealthStatusManager manager,
				ApplicationAvailability availability) {
			return new GrpcHealth(context, manager, availability.getReadinessState());
		}

	}

}
