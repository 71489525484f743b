package io.github.etcddiscovery.client;

import java.util.List;
import java.util.concurrent.TimeUnit;

import io.grpc.ManagedChannel;
import io.grpc.netty.NegotiationType;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.ChannelOption;
import org.jspecify.annotations.Nullable;

/**
 * Makes the channels of registration and discovery, one for each member.
 */
final class MemberChannels {

	private final EtcdProperties properties;

	private final EtcdConnectionDetails details;

	private final LoginInterceptor login;

	private final List<EtcdChannelBuilderCustomizer> customizers;

	private @Nullable FollowingSslContext sslContext;

	MemberChannels(EtcdProperties properties, EtcdConnectionDetails details, LoginInterceptor login,
			List<EtcdChannelBuilderCustomizer> customizers) {
		this.properties = properties;
		this.details = details;
		this.login = login;
		this.customizers = List.copyOf(customizers);
	}

	/**
	 * Make a channel, which connects with its first call.
	 */
	ManagedChannel create(Endpoint endpoint) {
		NettyChannelBuilder builder = NettyChannelBuilder.forTarget(MemberResolver.target(List.of(endpoint)))
			.disableServiceConfigLookUp()
			.withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS,
					(int) EtcdClientFactory.tcpConnectTimeout(this.properties).toMillis())
			.keepAliveTime(this.properties.keepAliveTime().toMillis(), TimeUnit.MILLISECONDS)
			.keepAliveTimeout(this.properties.keepAliveTimeout().toMillis(), TimeUnit.MILLISECONDS)
			.keepAliveWithoutCalls(false)
			.maxInboundMessageSize((int) this.properties.maxInboundMessageSize().toBytes())
			.intercept(this.login, new LeaderInterceptor());
		if (endpoint.tls()) {
			builder.sslContext(sslContext()).negotiationType(NegotiationType.TLS);
		}
		else {
			builder.usePlaintext();
		}
		this.customizers.forEach((customizer) -> customizer.customize(builder));
		return builder.build();
	}

	private synchronized FollowingSslContext sslContext() {
		if (this.sslContext == null) {
			this.sslContext = new FollowingSslContext(this.details::getSslBundle);
		}
		return this.sslContext;
	}

}
