package io.github.etcddiscovery.autoconfigure;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.boot.context.event.ApplicationStartedEvent;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link RequiredServices}.
 */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class RequiredServicesIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private final CompletableFuture<ConfigurableApplicationContext> started = new CompletableFuture<>();

	@Test
	void isReadyAndRegisteredOnceTheRequiredServicesHaveInstances(CapturedOutput output) throws Exception {
		etcd.admin().put("services/orders/1", "http://10.0.0.1:80");
		CompletableFuture<Void> running = start("orders,stock");
		try (ConfigurableApplicationContext context = this.started.get(60, TimeUnit.SECONDS)) {
			await(() -> output.toString().contains("Not ready yet: waiting for an instance of 'stock'"));
			assertThat(context.getBean(ApplicationAvailability.class).getReadinessState())
				.isEqualTo(ReadinessState.REFUSING_TRAFFIC);
			assertThat(etcd.admin().keys("services/shop")).isEmpty();
			etcd.admin().put("services/stock/1", "{\"host\":\"h\",\"port\":1,\"status\":\"STARTING\"}");
			etcd.admin().put("services/stock/1", "{\"host\":\"h\",\"port\":1,\"status\":\"UP\"}");
			await(() -> etcd.admin().keys("services/shop").size() == 1);
			running.get(60, TimeUnit.SECONDS);
			assertThat(context.getBean(ApplicationAvailability.class).getReadinessState())
				.isEqualTo(ReadinessState.ACCEPTING_TRAFFIC);
		}
	}

	@Test
	void closesWhileItWaits(CapturedOutput output) throws Exception {
		CompletableFuture<Void> running = start("orders");
		ConfigurableApplicationContext context = this.started.get(60, TimeUnit.SECONDS);
		await(() -> output.toString().contains("Not ready yet: waiting for an instance of 'orders'"));
		context.close();
		await(running::isDone);
	}

	private CompletableFuture<Void> start(String required) {
		SpringApplication application = new SpringApplication(Application.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		application.addListeners((ApplicationListener<ApplicationStartedEvent>) (event) -> this.started
			.complete(event.getApplicationContext()));
		return CompletableFuture.runAsync(() -> application.run("--spring.application.name=shop",
				"--spring.cloud.etcd.endpoints=" + etcd.clientUrl(), "--spring.cloud.etcd.discovery.port=80",
				"--spring.cloud.etcd.discovery.required=" + required, "--spring.cloud.etcd.discovery.drain=0s"));
	}

	private static void await(Callable<Boolean> condition) {
		Awaitility.await().atMost(Duration.ofSeconds(60)).until(condition);
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}
