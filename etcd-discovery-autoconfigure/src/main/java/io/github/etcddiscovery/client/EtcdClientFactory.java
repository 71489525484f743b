package io.github.etcddiscovery.client;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

import javax.net.ssl.SSLException;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.ClientBuilder;
import io.grpc.ClientInterceptor;
import io.grpc.netty.GrpcSslContexts;
import org.jspecify.annotations.Nullable;

import org.springframework.util.StringUtils;

/**
 * Makes jetcd clients that fail in bounded time: jetcd's own defaults wait for etcd for
 * ever. Safe for use by any thread.
 */
public final class EtcdClientFactory {

	private static final Duration MAX_TCP_CONNECT = Duration.ofSeconds(2);

	private final EtcdProperties properties;

	private final EtcdConnectionDetails details;

	private final List<EtcdClientBuilderCustomizer> customizers;

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
		ClientBuilder builder = Client.builder()
			.endpoints(this.details.getEndpoints().toArray(String[]::new))
			.waitForReady(false)
			.connectTimeout(tcpConnectTimeout())
			.keepaliveTime(this.properties.keepAliveTime())
			.keepaliveTimeout(this.properties.keepAliveTimeout())
			.keepaliveWithoutCalls(true)
			.retryMaxAttempts(1)
			.maxInboundMessageSize((int) this.properties.maxInboundMessageSize().toBytes())
			.interceptor(new DeadlineInterceptor(this.properties.requestTimeout(), renewalTimeout));
		interceptors.forEach(builder::interceptor);
		secure(builder);
		if (this.properties.namespace() != null) {
			builder.namespace(bytes(this.properties.namespace()));
		}
		if (this.details.getUsername() != null && this.details.getPassword() != null) {
			builder.user(bytes(this.details.getUsername())).password(bytes(this.details.getPassword()));
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
	 * Without this jetcd speaks plain text to https endpoints. Trusts what the JVM
	 * trusts.
	 */
	private void secure(ClientBuilder builder) {
		if (StringUtils.startsWithIgnoreCase(this.details.getEndpoints().get(0), "https:")) {
			try {
				builder.sslContext(GrpcSslContexts.forClient().build());
			}
			catch (SSLException ex) {
				throw new IllegalStateException("TLS to etcd could not be set up: " + ex.getMessage(), ex);
			}
		}
	}

	/**
	 * Where etcd is, for messages.
	 */
	String endpoints() {
		return String.join(",", this.details.getEndpoints());
	}

	static ByteSequence bytes(String text) {
		return ByteSequence.from(text, StandardCharsets.UTF_8);
	}

}
