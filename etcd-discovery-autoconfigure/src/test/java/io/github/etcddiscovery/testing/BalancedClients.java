package io.github.etcddiscovery.testing;

import java.time.Duration;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.restclient.RestClientCustomizer;
import org.springframework.boot.restclient.RestTemplateBuilder;
import org.springframework.boot.restclient.RestTemplateCustomizer;
import org.springframework.boot.webclient.WebClientCustomizer;
import org.springframework.cloud.client.loadbalancer.LoadBalanced;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.RestTemplate;
import org.springframework.web.reactive.function.client.WebClient;

/**
 * Clients that call a service by its name, customized as Spring Boot customizes its own:
 * with tracing, for example.
 */
@Configuration(proxyBeanMethods = false)
public class BalancedClients {

	@Bean
	@LoadBalanced
	RestClient.Builder restClientBuilder(ObjectProvider<RestClientCustomizer> customizers) {
		RestClient.Builder builder = RestClient.builder();
		customizers.orderedStream().forEach((customizer) -> customizer.customize(builder));
		return builder;
	}

	@Bean
	@LoadBalanced
	RestTemplate restTemplate(ObjectProvider<RestTemplateCustomizer> customizers) {
		return new RestTemplateBuilder(customizers.orderedStream().toArray(RestTemplateCustomizer[]::new)).build();
	}

	@Bean
	@LoadBalanced
	WebClient.Builder webClientBuilder(ObjectProvider<WebClientCustomizer> customizers) {
		WebClient.Builder builder = WebClient.builder();
		customizers.orderedStream().forEach((customizer) -> customizer.customize(builder));
		return builder;
	}

	/**
	 * Not the one that all contexts of a JVM share: it ends with the first of them.
	 */
	@Bean
	ReactorResourceFactory reactorResourceFactory() {
		ReactorResourceFactory resources = new ReactorResourceFactory();
		resources.setUseGlobalResources(false);
		resources.setShutdownQuietPeriod(Duration.ZERO);
		return resources;
	}

}
