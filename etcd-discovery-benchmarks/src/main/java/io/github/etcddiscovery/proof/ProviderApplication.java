package io.github.etcddiscovery.proof;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * An instance that is called, by HTTP and by gRPC. It takes 50 ms for an answer, so that
 * there are always requests in flight when it stops.
 */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@RestController
public class ProviderApplication {

	static final Executor AFTER_50_MS = CompletableFuture.delayedExecutor(50, TimeUnit.MILLISECONDS, Runnable::run);

	private final String name;

	ProviderApplication(@Value("${proof.name}") String name) {
		this.name = name;
	}

	@Bean
	NameService nameService() {
		return new NameService(this.name);
	}

	@GetMapping("/")
	CompletableFuture<String> name() {
		return CompletableFuture.supplyAsync(() -> this.name, AFTER_50_MS);
	}

	public static void main(String[] args) {
		SpringApplication.run(ProviderApplication.class, args);
	}

}
