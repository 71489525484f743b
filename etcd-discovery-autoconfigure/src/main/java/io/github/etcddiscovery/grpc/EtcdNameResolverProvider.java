package io.github.etcddiscovery.grpc;

import java.net.URI;

import io.github.etcddiscovery.grpc.GrpcDiscovery.Binding;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * Adds targets {@code etcd:///<service>} to gRPC. The provider has no state, since gRPC
 * loads providers itself, once for the process. Which catalog a channel follows depends
 * on the {@link GrpcDiscovery} that configured it.
 */
public class EtcdNameResolverProvider extends NameResolverProvider {

	private static final int DEFAULT_PRIORITY = 5;

	private final String scheme;

	/**
	 * Create a provider. Called by gRPC.
	 */
	public EtcdNameResolverProvider() {
		this("etcd");
	}

	EtcdNameResolverProvider(String scheme) {
		this.scheme = scheme;
	}

	@Override
	protected boolean isAvailable() {
		return true;
	}

	@Override
	protected int priority() {
		return DEFAULT_PRIORITY;
	}

	@Override
	public String getScheme() {
		return this.scheme;
	}

	@Override
	public String getDefaultScheme() {
		return this.scheme;
	}

	/**
	 * Make the resolver of a channel.
	 * @throws IllegalArgumentException if the target names no service
	 */
	@Override
	public @Nullable NameResolver newNameResolver(URI targetUri, NameResolver.Args args) {
		if (!this.scheme.equals(targetUri.getScheme())) {
			return null;
		}
		String service = service(targetUri);
		Binding binding = args.getArg(GrpcDiscovery.BINDING);
		return (binding != null) ? binding.discovery().resolver(targetUri, service, binding, args)
				: new Unconfigured(targetUri, service);
	}

	private String service(URI target) {
		String path = target.getPath();
		String service = (path != null && path.startsWith("/")) ? path.substring(1) : "";
		if (service.isEmpty() || service.contains("/") || target.getAuthority() != null) {
			throw new IllegalArgumentException(
					"The target '%s' names no service: it has to be %s:///<service>".formatted(target, this.scheme));
		}
		return service;
	}

	/**
	 * Adds targets {@code discovery:///<service>} to gRPC.
	 */
	public static final class Discovery extends EtcdNameResolverProvider {

		/**
		 * Create a provider. Called by gRPC.
		 */
		public Discovery() {
			super("discovery");
		}

	}

	/**
	 * The resolver of a channel that no {@link GrpcDiscovery} has configured.
	 */
	private static final class Unconfigured extends NameResolver {

		private final URI target;

		private final String service;

		Unconfigured(URI target, String service) {
			this.target = target;
			this.service = service;
		}

		@Override
		public String getServiceAuthority() {
			return EtcdNameResolver.authority(this.service);
		}

		@Override
		public void start(Listener2 listener) {
			listener.onError(Status.UNAVAILABLE.withDescription(("The channel of '%s' does not know which catalog to "
					+ "follow: pass its builder to configure() of the bean GrpcDiscovery")
				.formatted(this.target)));
		}

		@Override
		public void shutdown() {
		}

	}

}
