package io.github.etcddiscovery.client;

import io.etcd.jetcd.ClientBuilder;

/**
 * Callback to customize the injectable {@link io.etcd.jetcd.Client}. Registration and
 * discovery use channels of their own, which an {@link EtcdChannelBuilderCustomizer}
 * customizes.
 */
@FunctionalInterface
public interface EtcdClientBuilderCustomizer {

	/**
	 * Customize the builder.
	 * @param builder a builder to which the properties have been applied
	 */
	void customize(ClientBuilder builder);

}
