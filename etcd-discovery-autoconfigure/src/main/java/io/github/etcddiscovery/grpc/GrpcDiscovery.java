package io.github.etcddiscovery.grpc;

import java.net.URI;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.grpc.ManagedChannelBuilder;
import io.grpc.NameResolver;
import org.jspecify.annotations.Nullable;

/**
 * Lets gRPC channels follow services, with the targets {@code discovery:///<service>} and
 * {@code etcd:///<service>}. Spring's channels are configured automatically; the
 * application passes the builders of its own channels to
 * {@link #configure(ManagedChannelBuilder)}. A channel uses the application context whose
 * bean configured it, even if the process has several contexts. Safe for use by any
 * thread.
 */
public final class GrpcDiscovery implements AutoCloseable {

	/**
	 * Passes the binding of a channel to its resolver, because gRPC has one list of
	 * resolvers for the whole process.
	 */
	static final NameResolver.Args.Key<Binding> BINDING = NameResolver.Args.Key
		.create("io.github.etcddiscovery.grpc.binding");

	private final ServiceCatalog catalog;

	private final boolean retries;

	private final Set<EtcdNameResolver> resolvers = ConcurrentHashMap.newKeySet();

	/**
	 * Create an object for a catalog.
	 * @param catalog the catalog that channels follow; not closed here
	 * @param retries whether calls of idempotent methods are retried on another instance
	 * when their connection breaks
	 */
	public GrpcDiscovery(ServiceCatalog catalog, boolean retries) {
		this.catalog = catalog;
		this.retries = retries;
	}

	/**
	 * Configure a channel to find services, and to call their instances in turn by
	 * {@code round_robin}, unless another policy is set afterwards. Targets of other
	 * schemes are not affected.
	 * @param builder the builder of the channel
	 * @param <T> the type of the builder
	 * @return the same builder
	 */
	public <T extends ManagedChannelBuilder<?>> T configure(T builder) {
		builder.defaultLoadBalancingPolicy("round_robin");
		bind(null, builder);
		return builder;
	}

	/**
	 * Configure a channel to find services, without a choice of policy.
	 * @param channel the name of the channel, shown to people, or {@code null}
	 * @param builder the builder of the channel
	 */
	public void bind(@Nullable String channel, ManagedChannelBuilder<?> builder) {
		UnavailableInterceptor unavailable = new UnavailableInterceptor();
		RetryInterceptor retry = new RetryInterceptor();
		builder.setNameResolverArg(BINDING, new Binding(this, channel, unavailable, retry));
		// The last interceptor is called first, so a call without an instance is not
		// retried
		builder.intercept(retry, unavailable);
	}

	NameResolver resolver(URI target, String service, Binding binding, NameResolver.Args args) {
		String channel = binding.channel();
		String follower = (channel != null && !channel.equals(target.toString())) ? channel + " (" + target + ")"
				: target.toString();
		if (this.retries) {
			binding.retry().activate();
		}
		return new EtcdNameResolver(this.catalog, service, follower, args, binding.unavailable(), this.resolvers);
	}

	/**
	 * Stop following the services of open channels. The channels keep their current
	 * addresses.
	 */
	@Override
	public void close() {
		this.resolvers.forEach(EtcdNameResolver::shutdown);
	}

	/**
	 * What a channel's resolver needs.
	 *
	 * @param discovery the discovery that configured the channel
	 * @param channel the name of the channel, or {@code null}
	 * @param unavailable fails calls while there is no instance to call
	 * @param retry retries calls
	 */
	record Binding(GrpcDiscovery discovery, @Nullable String channel, UnavailableInterceptor unavailable,
			RetryInterceptor retry) {
	}

}
