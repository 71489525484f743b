package io.github.etcddiscovery.proof;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;

import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cloud.client.loadbalancer.LoadBalanced;
import org.springframework.context.annotation.Bean;
import org.springframework.grpc.client.GrpcChannelFactory;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.web.client.RestClient;
import org.springframework.web.reactive.function.client.WebClient;

/**
 * An application that calls the service {@code provider} with a blocking and a reactive
 * client, each on the HTTP client that it has unless told otherwise, and by gRPC.
 * Attempts are counted below the load balancer.
 */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
class CallerApplication {

	private static final String URL = "http://provider/";

	/**
	 * More than are needed at 200 requests a second, so that a pause is caught up with.
	 */
	private static final int THREADS = 200;

	@Bean
	Tally blockingTally() {
		return new Tally("RestClient", true);
	}

	@Bean
	Tally reactiveTally() {
		return new Tally("WebClient", true);
	}

	@Bean
	@LoadBalanced
	RestClient.Builder restClientBuilder(@Qualifier("blockingTally") Tally tally) {
		JdkClientHttpRequestFactory factory = new JdkClientHttpRequestFactory();
		return RestClient.builder().requestFactory((uri, method) -> {
			tally.attempted();
			return factory.createRequest(uri, method);
		});
	}

	@Bean
	@LoadBalanced
	WebClient.Builder webClientBuilder(@Qualifier("reactiveTally") Tally tally) {
		ReactorClientHttpConnector connector = new ReactorClientHttpConnector();
		return WebClient.builder().clientConnector((method, uri, callback) -> {
			tally.attempted();
			return connector.connect(method, uri, callback);
		});
	}

	@Bean(destroyMethod = "shutdownNow")
	ExecutorService callers() {
		return Executors.newFixedThreadPool(THREADS);
	}

	@Bean
	Load blockingLoad(RestClient.Builder builder, ExecutorService callers, @Qualifier("blockingTally") Tally tally) {
		RestClient client = builder.build();
		return new Load(tally, () -> CompletableFuture
			.supplyAsync(() -> client.get().uri(URL).retrieve().requiredBody(String.class), callers));
	}

	@Bean
	Load reactiveLoad(WebClient.Builder builder, @Qualifier("reactiveTally") Tally tally) {
		WebClient client = builder.build();
		return new Load(tally, () -> client.get().uri(URL).retrieve().bodyToMono(String.class).toFuture());
	}

	@Bean
	Load unaryLoad(GrpcChannelFactory channels) {
		Tally tally = new Tally("gRPC", true);
		Channel channel = channels.createChannel("provider");
		return new Load(tally, () -> NameService.name(channel, counted(tally)));
	}

	@Bean
	Load streamLoad(GrpcChannelFactory channels) {
		Tally tally = new Tally("gRPC stream", false);
		Channel channel = channels.createChannel("provider");
		return new Load(tally, () -> NameService.names(channel, counted(tally)));
	}

	private static CallOptions counted(Tally tally) {
		return CallOptions.DEFAULT.withStreamTracerFactory(new ClientStreamTracer.Factory() {

			@Override
			public ClientStreamTracer newClientStreamTracer(ClientStreamTracer.StreamInfo info, Metadata headers) {
				tally.attempted();
				return new ClientStreamTracer() {
				};
			}

		});
	}

}
