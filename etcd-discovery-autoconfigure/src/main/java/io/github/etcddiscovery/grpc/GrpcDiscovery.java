package io.github.etcddiscovery.grpc;

import java.net.URI;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.grpc.ManagedChannelBuilder;
import io.grpc.NameResolver;
import org.jspecify.annotations.Nullable;

/**
 * Lets channels of gRPC follow services: their targets are {@code discovery:///<service>}
 * or {@code etcd:///<service>}. Spring's channels do so by themselves; a channel that the
 * application builds is handed to {@link #configure(ManagedChannelBuilder)} first. A
 * channel goes by the application context whose bean has configured it, also when there
 * are several in the process. Safe for use by any thread.
 */
public final class GrpcDiscovery implements AutoCloseable {

	/**
	 * How a channel knows whose it is: gRPC's list of resolvers is one for the process.
	 */
	static final NameResolver.Args.Key<Binding> BINDING = NameResolver.Args.Key
		.create("io.github.etcddiscovery.grpc.binding");

	private final ServiceCatalog catalog;

	private final boolean retries;

	private final Set<EtcdNameResolver> resolvers = ConcurrentHashMap.newKeySet();

	/**
	 * Create it for a catalog.
	 * @param catalog what the channels follow; not closed here
	 * @param retries whether calls whose methods are declared to bear it are made again
	 * elsewhere when their connection breaks
	 */
	public GrpcDiscovery(ServiceCatalog catalog, boolean retries) {
		this.catalog = catalog;
		this.retries = retries;
	}

	/**
	 * Let a channel find services, and call their instances in turn: {@code round_robin},
	 * unless another policy is set afterwards. Targets of other schemes stay what they
	 * are.
	 * @param builder the builder of the channel
	 * @param <T> its type
	 * @return the builder
	 */
	public <T extends ManagedChannelBuilder<?>> T configure(T builder) {
		builder.defaultLoadBalancingPolicy("round_robin");
		bind(null, builder);
		return builder;
	}

	/**
	 * Let a channel find services, and leave everything else to others.
	 * @param channel the name of the channel, for people to read, if it has one
	 * @param builder the builder of the channel
	 */
	public void bind(@Nullable String channel, ManagedChannelBuilder<?> builder) {
		UnavailableInterceptor unavailable = new UnavailableInterceptor();
		RetryInterceptor retry = new RetryInterceptor();
		builder.setNameResolverArg(BINDING, new Binding(this, channel, unavailable, retry));
		// The last one is asked first: what fails for want of an instance is not retried
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
	 * Let go of the services that channels follow still. They keep the addresses that
	 * they have.
	 */
	@Override
	public void close() {
		this.resolvers.forEach(EtcdNameResolver::shutdown);
	}

	/**
	 * What a channel is given.
	 *
	 * @param discovery what it follows services by
	 * @param channel its name, if it has one
	 * @param unavailable fails its calls while there is nobody to call
	 * @param retry makes its calls a second time
	 */
	record Binding(GrpcDiscovery discovery, @Nullable String channel, UnavailableInterceptor unavailable,
			RetryInterceptor retry) {
	}

}
