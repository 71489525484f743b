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
	 * Customize the builder, after it was configured from the properties. Called whenever
	 * a connection to a member is made anew, on a thread that must not be held up.
	 * @param builder the builder
	 */
	void customize(ManagedChannelBuilder<?> builder);

}
