package io.github.etcddiscovery.client;

import io.etcd.jetcd.ClientBuilder;

/**
 * Changes the builder of each jetcd client that is made, after the properties were
 * applied: that of the injectable {@link io.etcd.jetcd.Client} and those that keep
 * registration and discovery going. Called again whenever a client is replaced.
 */
@FunctionalInterface
public interface EtcdClientBuilderCustomizer {

	/**
	 * Change the builder.
	 * @param builder the builder
	 */
	void customize(ClientBuilder builder);

}
