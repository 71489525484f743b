package io.github.etcddiscovery.clients;

import io.github.etcddiscovery.testing.BalancedClients;
import reactor.core.publisher.Mono;

import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cloud.openfeign.EnableFeignClients;
import org.springframework.cloud.openfeign.FeignClient;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
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
@Import(BalancedClients.class)
@EnableFeignClients(clients = PlainApplication.ShopFeignClient.class)
@ImportHttpServices(group = "shop", types = PlainApplication.ShopService.class)
@ImportHttpServices(group = "reactive-shop", types = PlainApplication.ReactiveShopService.class,
		clientType = ClientType.WEB_CLIENT)
class PlainApplication {

	interface ShopService {

		@GetExchange("/")
		String get();

		@GetExchange("/echo/{name}")
		String echo(@PathVariable String name, @RequestParam String q);

		@PostExchange("/")
		String post(@RequestBody String body);

	}

	interface ReactiveShopService {

		@GetExchange("/")
		Mono<String> get();

		@GetExchange("/echo/{name}")
		Mono<String> echo(@PathVariable String name, @RequestParam String q);

		@PostExchange("/")
		Mono<String> post(@RequestBody String body);

	}

	@FeignClient("shop")
	interface ShopFeignClient {

		@GetMapping("/")
		String get();

		@GetMapping("/echo/{name}")
		String echo(@PathVariable String name, @RequestParam String q);

		@PostMapping("/")
		String post(@RequestBody String body);

	}

}
