package io.github.etcddiscovery.grpc.it;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

import io.grpc.BindableService;
import io.grpc.ManagedChannel;

import org.springframework.boot.Banner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.grpc.client.GrpcChannelFactory;

/**
 * Applications that call and applications that are called.
 */
public final class Applications {

	/**
	 * Where a server of gRPC listens: Spring gRPC for Boot 4.0 and Boot 4.1 name it
	 * differently.
	 */
	static final String LISTEN_ADDRESS = "spring.grpc.server."
			+ (SpringBootVersion.getVersion().startsWith("4.0.") ? "host" : "address");

	private Applications() {
	}

	/**
	 * An application with the channel {@code orders}, which Spring gRPC for Boot 4.0 and
	 * Boot 4.1 name differently.
	 */
	static ConfigurableApplicationContext consumer(String etcd, String target, String... arguments) {
		return run(Consumer.class, WebApplicationType.NONE, etcd,
				Map.of("spring.cloud.etcd.discovery.register", "false", "spring.grpc.client.channels.orders.address",
						target, "spring.grpc.client.channels.orders.negotiation-type", "plaintext",
						"spring.grpc.client.channel.orders.target", target),
				arguments);
	}

	/**
	 * An application with a gRPC server, and without a web server unless it is asked for.
	 */
	static ConfigurableApplicationContext provider(WebApplicationType type, String etcd, String... arguments) {
		return run(Provider.class, type, etcd,
				Map.of("spring.application.name", "orders", "spring.cloud.etcd.discovery.ip-address", "127.0.0.1"),
				arguments);
	}

	/**
	 * A provider in a JVM of its own.
	 * @param args the endpoint of etcd, and properties
	 */
	public static void main(String[] args) {
		provider(WebApplicationType.NONE, args[0], Arrays.copyOfRange(args, 1, args.length));
	}

	static ConfigurableApplicationContext run(Class<?> source, WebApplicationType type, String etcd,
			Map<String, Object> properties, String... arguments) {
		SpringApplication application = new SpringApplication(source);
		application.setWebApplicationType(type);
		application.setBannerMode(Banner.Mode.OFF);
		Map<String, Object> all = new HashMap<>(
				Map.of("spring.application.name", "consumer", "spring.cloud.etcd.endpoints", etcd, "server.address",
						"127.0.0.1", "server.port", "0", "spring.grpc.server.port", "0", LISTEN_ADDRESS, "127.0.0.1",
						"spring.cloud.etcd.discovery.drain", "200ms"));
		all.putAll(properties);
		application.setDefaultProperties(all);
		return application.run(arguments);
	}

	static ManagedChannel channel(ConfigurableApplicationContext consumer) {
		return consumer.getBean(GrpcChannelFactory.class).createChannel("orders");
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Consumer {

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Provider {

		@Bean
		BindableService echo(Environment environment) {
			return new Echo(environment.getProperty("test.name", "orders"));
		}

	}

}
