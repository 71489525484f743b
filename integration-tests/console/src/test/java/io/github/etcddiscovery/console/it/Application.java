package io.github.etcddiscovery.console.it;

import java.util.ArrayList;
import java.util.List;

import io.github.etcddiscovery.testing.EtcdExtension;

import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

/**
 * An application that shows the console.
 */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
class Application {

	static ConfigurableApplicationContext run(EtcdExtension etcd, WebApplicationType type, String... arguments) {
		List<String> all = new ArrayList<>(
				List.of("--spring.application.name=shop", "--spring.cloud.etcd.endpoints=" + etcd.clientUrl(),
						"--spring.cloud.etcd.discovery.ip-address=127.0.0.1",
						"--spring.cloud.etcd.discovery.instance-id=shop-1", "--spring.cloud.etcd.discovery.drain=0s",
						"--server.address=127.0.0.1", "--server.port=0"));
		all.addAll(List.of(arguments));
		return new SpringApplicationBuilder(Application.class).web(type)
			.properties("management.endpoints.web.exposure.include=etcdconsole,health")
			.bannerMode(Banner.Mode.OFF)
			.run(all.toArray(String[]::new));
	}

	static String console(ConfigurableApplicationContext context) {
		return console(context, "local.server.port");
	}

	static String console(ConfigurableApplicationContext context, String portProperty) {
		return "http://127.0.0.1:" + context.getEnvironment().getRequiredProperty(portProperty)
				+ "/actuator/etcdconsole";
	}

}
