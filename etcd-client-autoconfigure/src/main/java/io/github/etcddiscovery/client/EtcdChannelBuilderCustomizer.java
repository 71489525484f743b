package io.github.etcddiscovery.client;

import io.grpc.ManagedChannelBuilder;

/**
 * Callback to customize the gRPC channels that registration and discovery use, one for
 * each etcd member. The injected jetcd client is customized with an
 * {@link EtcdClientBuilderCustomizer}.
 */
@FunctionalInterface
public interface EtcdChannelBuilderCustomizer {

	/**
	 * Customize the builder. Called before each new channel to a member, on a thread that
	 * must not be blocked.
	 * @param builder a builder to which the properties have been applied
	 */
	void customize(ManagedChannelBuilder<?> builder);

}
