package io.github.etcddiscovery.client;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.ClientBuilder;
import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.core.ThreadEventLoop;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Makes jetcd clients and channels whose calls fail in bounded time; jetcd's defaults
 * wait for etcd for ever. All of them share one log-in. Safe for use by any thread.
 */
public final class EtcdClientFactory implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(EtcdClientFactory.class);

	private static final Duration MAX_TCP_CONNECT = Duration.ofSeconds(2);

	private final EtcdProperties properties;

	private final EtcdConnectionDetails details;

	private final List<EtcdClientBuilderCustomizer> customizers;

	private final EventLoop loop = new ThreadEventLoop("etcd-login");

	private final LoginInterceptor login;

	private final MemberChannels channels;

	private final List<Runnable> onReplacement = new CopyOnWriteArrayList<>();

	private volatile @Nullable Endpoints lastEndpoints;

	/**
	 * Create a factory.
	 * @param properties timeouts and limits
	 * @param details where etcd is
	 * @param customizers customize each jetcd client, in order
	 * @param channelCustomizers customize each channel of registration and discovery, in
	 * order
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
	 * The endpoints that are configured now.
	 * @throws IllegalStateException if the configuration is invalid
	 */
	Endpoints endpoints() {
		Endpoints endpoints = Endpoints.of(this.details, this.properties.ssl().isWanted());
		this.lastEndpoints = endpoints;
		return endpoints;
	}

	/**
	 * The members at given endpoints. Their channels connect with the first call.
	 * @param endpoints where the members are
	 * @param now the current time, by the clock of the loop to which the members are
	 * confined
	 */
	Members members(List<Endpoint> endpoints, long now) {
		return new Members(endpoints, this.channels::create, now);
	}

	/**
	 * Apply connection details that may have been replaced. New credentials take effect
	 * with the next call, also of the injected client. New endpoints and a new SSL bundle
	 * take effect for registration and discovery only.
	 */
	public void refresh() {
		try {
			this.login.refresh();
			Endpoints last = this.lastEndpoints;
			if (last != null && !last.equals(endpoints())) {
				this.onReplacement.forEach(Runnable::run);
			}
		}
		catch (RuntimeException ex) {
			logger.warn("The connection details of etcd can't be used: %s. The last ones stay in use"
				.formatted(ex.getMessage()));
		}
	}

	/**
	 * Add a listener for replaced endpoints or a replaced SSL bundle.
	 * @param listener is called after each replacement
	 * @return removes the listener
	 */
	Runnable onReplacement(Runnable listener) {
		this.onReplacement.add(listener);
		return () -> this.onReplacement.remove(listener);
	}

	LoginInterceptor login() {
		return this.login;
	}

	ByteString namespace() {
		return ByteString.copyFromUtf8((this.properties.namespace() != null) ? this.properties.namespace() : "");
	}

	/**
	 * Make a client, which connects with its first request.
	 * @return a client that the caller must close
	 */
	public Client create() {
		Endpoints endpoints = endpoints();
		ClientBuilder builder = Client.builder()
			.target(MemberResolver.target(endpoints))
			.waitForReady(false)
			.connectTimeout(tcpConnectTimeout(this.properties))
			.keepaliveTime(this.properties.keepAliveTime())
			.keepaliveTimeout(this.properties.keepAliveTimeout())
			.keepaliveWithoutCalls(false)
			.retryMaxAttempts(1)
			.maxInboundMessageSize((int) this.properties.maxInboundMessageSize().toBytes())
			.interceptor(new DeadlineInterceptor(this.properties.requestTimeout()));
		if (endpoints.tls()) {
			// Without this, jetcd speaks plain text to https endpoints
			builder.sslContext(new FollowingSslContext(this.details::getSslBundle));
		}
		if (this.properties.namespace() != null) {
			builder.namespace(bytes(this.properties.namespace()));
		}
		// After jetcd's own interceptors, since the one that was added last is called
		// first
		builder.interceptor(this.login);
		this.customizers.forEach((customizer) -> customizer.customize(builder));
		return builder.build();
	}

	/**
	 * How long a single attempt to connect may take, so that several attempts fit into
	 * the configured timeout.
	 */
	static Duration tcpConnectTimeout(EtcdProperties properties) {
		Duration timeout = properties.connectTimeout();
		return (timeout.compareTo(MAX_TCP_CONNECT) < 0) ? timeout : MAX_TCP_CONNECT;
	}

	/**
	 * The endpoints that were last used, for messages.
	 */
	String lastEndpoints() {
		return String.valueOf(this.lastEndpoints);
	}

	/**
	 * End the thread that log-ins wait on. To be called after the clients were closed.
	 */
	@Override
	public void close() {
		this.loop.close();
	}

	static ByteSequence bytes(String text) {
		return ByteSequence.from(text, StandardCharsets.UTF_8);
	}

}
