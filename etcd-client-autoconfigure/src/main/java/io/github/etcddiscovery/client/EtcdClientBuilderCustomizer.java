package io.github.etcddiscovery.client;

import io.etcd.jetcd.ClientBuilder;

/**
 * Changes the builder of the injectable {@link io.etcd.jetcd.Client}, after the
 * properties were applied. Registration and discovery have channels of their own, which
 * an {@link EtcdChannelBuilderCustomizer} changes.
 */
@FunctionalInterface
public interface EtcdClientBuilderCustomizer {

	/**
	 * Change the builder.
	 * @param builder the builder
	 */
	void customize(ClientBuilder builder);

}
