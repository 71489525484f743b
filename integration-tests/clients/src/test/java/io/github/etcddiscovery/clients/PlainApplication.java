package io.github.etcddiscovery.clients;

import reactor.core.publisher.Mono;

import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.restclient.RestTemplateBuilder;
import org.springframework.cloud.client.loadbalancer.LoadBalanced;
import org.springframework.cloud.openfeign.EnableFeignClients;
import org.springframework.cloud.openfeign.FeignClient;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.RestTemplate;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.service.annotation.GetExchange;
import org.springframework.web.service.annotation.PostExchange;
import org.springframework.web.service.registry.HttpServiceGroup.ClientType;
import org.springframework.web.service.registry.ImportHttpServices;

/**
 * An application with a client of each kind. What calls by the name of a group calls the
 * service of that name; the group that has another name says which service it calls.
 */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@EnableFeignClients(clients = PlainApplication.ShopFeignClient.class)
@ImportHttpServices(group = "shop", types = PlainApplication.ShopService.class)
@ImportHttpServices(group = "reactive-shop", types = PlainApplication.ReactiveShopService.class,
		clientType = ClientType.WEB_CLIENT)
class PlainApplication {

	@Bean
	@LoadBalanced
	RestClient.Builder restClientBuilder() {
		return RestClient.builder();
	}

	@Bean
	@LoadBalanced
	RestTemplate restTemplate(RestTemplateBuilder builder) {
		return builder.build();
	}

	@Bean
	@LoadBalanced
	WebClient.Builder webClientBuilder() {
		return WebClient.builder();
	}

	interface ShopService {

		@GetExchange("/")
		String get();

		@PostExchange("/")
		String post(@RequestBody String body);

	}

	interface ReactiveShopService {

		@GetExchange("/")
		Mono<String> get();

		@PostExchange("/")
		Mono<String> post(@RequestBody String body);

	}

	@FeignClient("shop")
	interface ShopFeignClient {

		@GetMapping("/")
		String get();

		@PostMapping("/")
		String post(@RequestBody String body);

	}

}
