package io.github.etcddiscovery.sample;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.restclient.autoconfigure.RestClientBuilderConfigurer;
import org.springframework.cloud.client.discovery.EnableDiscoveryClient;
import org.springframework.cloud.client.loadbalancer.LoadBalanced;
import org.springframework.context.annotation.Bean;
import org.springframework.web.client.RestClient;

/**
 * An application that can play any service: its {@code spring.application.name} is the
 * name under which the others find it.
 */
@SpringBootApplication
@EnableDiscoveryClient
public class SampleApplication {

	/**
	 * With {@code @LoadBalanced} the host of a URL is the name of a service.
	 * @param configurer applies the settings of {@code spring.http.clients}
	 * @return a builder whose clients choose an instance for every call
	 */
	@Bean
	@LoadBalanced
	RestClient.Builder restClientBuilder(RestClientBuilderConfigurer configurer) {
		return configurer.configure(RestClient.builder());
	}

	public static void main(String[] args) {
		SpringApplication.run(SampleApplication.class, args);
	}

}
