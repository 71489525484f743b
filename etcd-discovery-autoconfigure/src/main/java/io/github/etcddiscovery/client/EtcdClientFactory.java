package io.github.etcddiscovery.client;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.ClientBuilder;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.ThreadEventLoop;
import io.grpc.ClientInterceptor;
import org.jspecify.annotations.Nullable;

/**
 * Makes jetcd clients that fail in bounded time: jetcd's own defaults wait for etcd for
 * ever. Its clients share one log-in. Safe for use by any thread.
 */
public final class EtcdClientFactory implements AutoCloseable {

	private static final Duration MAX_TCP_CONNECT = Duration.ofSeconds(2);

	private final EtcdProperties properties;

	private final EtcdConnectionDetails details;

	private final List<EtcdClientBuilderCustomizer> customizers;

	private final EventLoop loop = new ThreadEventLoop("etcd-login");

	private final LoginInterceptor login;

	private volatile String endpoints = "";

	/**
	 * Create a factory.
	 * @param properties timeouts and limits
	 * @param details where etcd is
	 * @param customizers are given each builder, in order
	 */
	public EtcdClientFactory(EtcdProperties properties, EtcdConnectionDetails details,
			List<EtcdClientBuilderCustomizer> customizers) {
		this.properties = properties;
		this.details = details;
		this.customizers = List.copyOf(customizers);
		this.login = new LoginInterceptor(details, this.loop);
	}

	/**
	 * Make a client; it connects with its first request.
	 * @return a client for the caller to close
	 */
	public Client create() {
		return create(null, List.of());
	}

	/**
	 * Make a client that is watched over.
	 * @param renewalTimeout deadline of a lease renewal, {@code null} for none
	 * @param interceptors see every call
	 */
	Client create(@Nullable Duration renewalTimeout, List<ClientInterceptor> interceptors) {
		List<String> endpoints = this.details.getEndpoints();
		this.endpoints = String.join(",", endpoints);
		ClientBuilder builder = Client.builder()
			.endpoints(endpoints.toArray(String[]::new))
			.waitForReady(false)
			.connectTimeout(tcpConnectTimeout())
			.keepaliveTime(this.properties.keepAliveTime())
			.keepaliveTimeout(this.properties.keepAliveTimeout())
			.keepaliveWithoutCalls(true)
			.retryMaxAttempts(1)
			.maxInboundMessageSize((int) this.properties.maxInboundMessageSize().toBytes())
			.interceptor(new DeadlineInterceptor(this.properties.requestTimeout(), renewalTimeout));
		interceptors.forEach(builder::interceptor);
		secure(builder, endpoints);
		if (this.properties.namespace() != null) {
			builder.namespace(bytes(this.properties.namespace()));
		}
		if (this.details.getUsername() != null && this.details.getPassword() != null) {
			// After those that it needs itself: what was added last is called first
			builder.interceptor(this.login);
		}
		this.customizers.forEach((customizer) -> customizer.customize(builder));
		return builder.build();
	}

	/**
	 * Several attempts fit into the time that a person allows for connecting.
	 */
	private Duration tcpConnectTimeout() {
		Duration timeout = this.properties.connectTimeout();
		return (timeout.compareTo(MAX_TCP_CONNECT) < 0) ? timeout : MAX_TCP_CONNECT;
	}

	/**
	 * Without this jetcd speaks plain text to https endpoints.
	 */
	private void secure(ClientBuilder builder, List<String> endpoints) {
		boolean https = EtcdProperties.isHttps(endpoints);
		if (endpoints.stream().anyMatch((endpoint) -> EtcdProperties.isHttps(List.of(endpoint)) != https)) {
			throw new IllegalStateException("The endpoints of etcd must be all http or all https: " + endpoints());
		}
		if (https) {
			builder.sslContext(new FollowingSslContext(this.details::getSslBundle));
		}
		else if (this.details.getSslBundle() != null) {
			throw new IllegalStateException(
					"There is an SSL bundle for etcd, so its endpoints must begin with https://: " + endpoints());
		}
	}

	/**
	 * Where etcd was last looked for, for messages.
	 */
	String endpoints() {
		return this.endpoints;
	}

	/**
	 * End the thread that log-ins wait on. To be called when the clients are closed.
	 */
	@Override
	public void close() {
		this.loop.close();
	}

	static ByteSequence bytes(String text) {
		return ByteSequence.from(text, StandardCharsets.UTF_8);
	}

}
