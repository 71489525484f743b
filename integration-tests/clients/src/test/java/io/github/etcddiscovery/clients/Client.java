package io.github.etcddiscovery.clients;

import java.net.URI;
import java.time.Duration;
import java.util.Objects;

import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.RestTemplate;
import org.springframework.web.reactive.function.client.WebClient;

/**
 * The clients that call the service {@code shop} by its name.
 */
enum Client {

	REST_CLIENT(Application.PLAIN) {

		@Override
		String echo(ConfigurableApplicationContext context) {
			return restClient(context).get().uri(URI.create("http://shop" + ECHO)).retrieve().body(String.class);
		}

		@Override
		String get(ConfigurableApplicationContext context) {
			return restClient(context).get().uri("http://shop/").retrieve().body(String.class);
		}

		@Override
		String post(ConfigurableApplicationContext context) {
			return restClient(context).post().uri("http://shop/").body("body").retrieve().body(String.class);
		}

		private RestClient restClient(ConfigurableApplicationContext context) {
			return context.getBean(RestClient.Builder.class).build();
		}

	},

	REST_TEMPLATE(Application.PLAIN) {

		@Override
		String echo(ConfigurableApplicationContext context) {
			return context.getBean(RestTemplate.class).getForObject(URI.create("http://shop" + ECHO), String.class);
		}

		@Override
		String get(ConfigurableApplicationContext context) {
			return context.getBean(RestTemplate.class).getForObject("http://shop/", String.class);
		}

		@Override
		String post(ConfigurableApplicationContext context) {
			return context.getBean(RestTemplate.class).postForObject("http://shop/", "body", String.class);
		}

	},

	WEB_CLIENT(Application.PLAIN) {

		@Override
		String echo(ConfigurableApplicationContext context) {
			return webClient(context).get()
				.uri(URI.create("http://shop" + ECHO))
				.retrieve()
				.bodyToMono(String.class)
				.block(PATIENCE);
		}

		@Override
		String get(ConfigurableApplicationContext context) {
			return webClient(context).get().uri("http://shop/").retrieve().bodyToMono(String.class).block(PATIENCE);
		}

		@Override
		String post(ConfigurableApplicationContext context) {
			return webClient(context).post()
				.uri("http://shop/")
				.bodyValue("body")
				.retrieve()
				.bodyToMono(String.class)
				.block(PATIENCE);
		}

		private WebClient webClient(ConfigurableApplicationContext context) {
			return context.getBean(WebClient.Builder.class).build();
		}

	},

	HTTP_SERVICE(Application.PLAIN) {

		@Override
		String echo(ConfigurableApplicationContext context) {
			return context.getBean(PlainApplication.ShopService.class).echo("a b", "c d");
		}

		@Override
		String get(ConfigurableApplicationContext context) {
			return context.getBean(PlainApplication.ShopService.class).get();
		}

		@Override
		String post(ConfigurableApplicationContext context) {
			return context.getBean(PlainApplication.ShopService.class).post("body");
		}

	},

	REACTIVE_HTTP_SERVICE(Application.PLAIN) {

		@Override
		String echo(ConfigurableApplicationContext context) {
			return context.getBean(PlainApplication.ReactiveShopService.class).echo("a b", "c d").block(PATIENCE);
		}

		@Override
		String get(ConfigurableApplicationContext context) {
			return context.getBean(PlainApplication.ReactiveShopService.class).get().block(PATIENCE);
		}

		@Override
		String post(ConfigurableApplicationContext context) {
			return context.getBean(PlainApplication.ReactiveShopService.class).post("body").block(PATIENCE);
		}

	},

	OPEN_FEIGN(Application.PLAIN) {

		@Override
		String echo(ConfigurableApplicationContext context) {
			return context.getBean(PlainApplication.ShopFeignClient.class).echo("a b", "c d");
		}

		@Override
		String get(ConfigurableApplicationContext context) {
			return context.getBean(PlainApplication.ShopFeignClient.class).get();
		}

		@Override
		String post(ConfigurableApplicationContext context) {
			return context.getBean(PlainApplication.ShopFeignClient.class).post("body");
		}

	},

	GATEWAY(Application.GATEWAY, "/"),

	GATEWAY_WITH_JAVA_ROUTE(Application.GATEWAY, "/java/"),

	GATEWAY_WITH_LOCATOR(Application.GATEWAY, "/shop/"),

	REACTIVE_GATEWAY(Application.REACTIVE_GATEWAY, "/"),

	REACTIVE_GATEWAY_WITH_JAVA_ROUTE(Application.REACTIVE_GATEWAY, "/java/"),

	REACTIVE_GATEWAY_WITH_LOCATOR(Application.REACTIVE_GATEWAY, "/shop/");

	/**
	 * A path and a query in which characters are encoded.
	 */
	static final String ECHO = "/echo/a%20b?q=c%20d";

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	private final Application application;

	private final String path;

	Client(Application application) {
		this(application, "/");
	}

	Client(Application application, String path) {
		this.application = application;
		this.path = path;
	}

	Application application() {
		return this.application;
	}

	String get(ConfigurableApplicationContext context) {
		return throughGateway(context).get().uri(this.path).retrieve().body(String.class);
	}

	/**
	 * Gets {@link #ECHO}.
	 */
	String echo(ConfigurableApplicationContext context) {
		return throughGateway(context).get()
			.uri((builder) -> URI.create(builder.build() + this.path.substring(1) + ECHO.substring(1)))
			.retrieve()
			.body(String.class);
	}

	String post(ConfigurableApplicationContext context) {
		return throughGateway(context).post().uri(this.path).body("body").retrieve().body(String.class);
	}

	static RestClient throughGateway(ConfigurableApplicationContext context) {
		String port = Objects.requireNonNull(context.getEnvironment().getProperty("local.server.port"));
		return RestClient.create("http://127.0.0.1:" + port + "/");
	}

}
