package io.github.etcddiscovery.client;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.ClientBuilder;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.ThreadEventLoop;

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

	private final MemberChannels channels;

	private volatile String endpoints = "";

	/**
	 * Create a factory.
	 * @param properties timeouts and limits
	 * @param details where etcd is
	 * @param customizers are given the builder of each jetcd client, in order
	 * @param channelCustomizers are given the builder of each channel of registration and
	 * discovery, in order
	 */
	public EtcdClientFactory(EtcdProperties properties, EtcdConnectionDetails details,
			List<EtcdClientBuilderCustomizer> customizers, List<EtcdChannelBuilderCustomizer> channelCustomizers) {
		this.properties = properties;
		this.details = details;
		this.customizers = List.copyOf(customizers);
		this.login = new LoginInterceptor(details, properties.requestTimeout().dividedBy(2), this.loop);
		this.channels = new MemberChannels(properties, details, this.login, channelCustomizers);
	}

	/**
	 * The members as they are configured now. Their channels connect with the first call.
	 * @param now the time, by the clock of the loop that they are confined to
	 */
	Members members(long now) {
		List<String> endpoints = this.details.getEndpoints();
		this.endpoints = String.join(",", endpoints);
		return new Members(endpoints.stream().map(Endpoint::of).toList(), this.channels::create, now);
	}

	LoginInterceptor login() {
		return this.login;
	}

	ByteString namespace() {
		return ByteString.copyFromUtf8((this.properties.namespace() != null) ? this.properties.namespace() : "");
	}

	/**
	 * Make a client; it connects with its first request.
	 * @return a client for the caller to close
	 */
	public Client create() {
		List<String> endpoints = this.details.getEndpoints();
		this.endpoints = String.join(",", endpoints);
		ClientBuilder builder = Client.builder()
			.target(MemberResolver.target(endpoints.stream().map(Endpoint::of).toList()))
			.waitForReady(false)
			.connectTimeout(tcpConnectTimeout(this.properties))
			.keepaliveTime(this.properties.keepAliveTime())
			.keepaliveTimeout(this.properties.keepAliveTimeout())
			.keepaliveWithoutCalls(false)
			.retryMaxAttempts(1)
			.maxInboundMessageSize((int) this.properties.maxInboundMessageSize().toBytes())
			.interceptor(new DeadlineInterceptor(this.properties.requestTimeout()));
		secure(builder, endpoints);
		if (this.properties.namespace() != null) {
			builder.namespace(bytes(this.properties.namespace()));
		}
		// After those that it needs itself: what was added last is called first
		builder.interceptor(this.login);
		this.customizers.forEach((customizer) -> customizer.customize(builder));
		return builder.build();
	}

	/**
	 * Several attempts fit into the time that a person allows for connecting.
	 */
	static Duration tcpConnectTimeout(EtcdProperties properties) {
		Duration timeout = properties.connectTimeout();
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
