package io.github.etcddiscovery.grpc;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.Stream;

import io.github.etcddiscovery.core.EscapedText;
import io.github.etcddiscovery.discovery.Following;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.GrpcEndpoint;
import io.github.etcddiscovery.instance.InvalidInstanceException;
import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.Status;
import io.grpc.StatusOr;
import io.grpc.SynchronizationContext;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Gives one channel the addresses of one service, now and whenever the catalog changes.
 * The addresses come from memory, so a channel that wakes up has them at once. Host names
 * are looked up on a thread that may block. Calls wait until the catalog knows the
 * service. When the service has no instance to call, calls fail with a reason that says
 * why. Confined to the synchronization context of the channel.
 */
final class EtcdNameResolver extends NameResolver {

	private static final Log logger = LogFactory.getLog(EtcdNameResolver.class);

	/**
	 * An address to which no connection is possible. Given an error or no address, gRPC's
	 * policies would go on calling their former addresses; this one replaces them.
	 */
	private static final List<EquivalentAddressGroup> NOBODY = List
		.of(new EquivalentAddressGroup(InetSocketAddress.createUnresolved("nobody.invalid", 1)));

	private final ServiceCatalog catalog;

	private final String service;

	private final String follower;

	private final SynchronizationContext context;

	private final Executor blocking;

	private final UnavailableInterceptor interceptor;

	private final Set<EtcdNameResolver> open;

	private @Nullable Listener2 listener;

	private @Nullable Following following;

	private boolean waited;

	/**
	 * Whether the channel has been given addresses.
	 */
	private boolean resolved;

	private @Nullable List<EtcdServiceInstance> resolving;

	private @Nullable List<EtcdServiceInstance> told;

	private String passedOver = "";

	private volatile boolean closed;

	/**
	 * Create a resolver.
	 * @param catalog knows the instances
	 * @param service the name of the service
	 * @param follower describes the channel to people
	 * @param args the arguments that gRPC passes to resolvers
	 * @param interceptor fails the calls of the channel while there is no instance
	 * @param open the open resolvers, to which this one adds itself
	 */
	EtcdNameResolver(ServiceCatalog catalog, String service, String follower, Args args,
			UnavailableInterceptor interceptor, Set<EtcdNameResolver> open) {
		this.catalog = catalog;
		this.service = service;
		this.follower = follower;
		this.context = args.getSynchronizationContext();
		Executor offload = args.getOffloadExecutor();
		this.blocking = (offload != null) ? offload : ForkJoinPool.commonPool();
		this.interceptor = interceptor;
		this.open = open;
	}

	/**
	 * The authority of the channel's requests, for which the server's certificate must be
	 * valid.
	 */
	@Override
	public String getServiceAuthority() {
		return authority(this.service);
	}

	static String authority(String service) {
		try {
			return new URI(null, null, "/" + service, null).getRawPath().substring(1);
		}
		catch (URISyntaxException ex) {
			throw new IllegalArgumentException("No service can be called '%s'".formatted(EscapedText.of(service)), ex);
		}
	}

	@Override
	public void start(Listener2 listener) {
		this.listener = listener;
		this.open.add(this);
		this.following = this.catalog.follow(this.service, this.follower, this::look);
		look();
	}

	/**
	 * The channel calls this method when it could not connect, and now and then after an
	 * error. Host names may resolve to other addresses by now, and the reason of a
	 * failure may have changed.
	 */
	@Override
	public void refresh() {
		this.told = null;
		look();
	}

	@Override
	public void shutdown() {
		this.closed = true;
		this.interceptor.set(null);
		this.open.remove(this);
		if (this.following != null) {
			this.following.close();
		}
	}

	private void look() {
		this.context.execute(this::tell);
	}

	private void tell() {
		if (this.closed) {
			return;
		}
		if (!this.catalog.isKnown(this.service) && !this.waited) {
			// The addresses that the channel has are better than none
			this.catalog.known(this.service).whenComplete((known, failure) -> this.context.execute(() -> {
				this.waited = true;
				tell();
				this.waited = false;
			}));
			return;
		}
		List<EtcdServiceInstance> instances = this.catalog.grpcInstances(this.service);
		if (instances == this.told || instances == this.resolving) {
			return;
		}
		if (instances.stream().allMatch(EtcdNameResolver::hasAddress)) {
			this.resolving = null;
			tell(instances, Addresses.of(instances));
			return;
		}
		this.resolving = instances;
		this.blocking.execute(() -> {
			Addresses addresses = Addresses.of(instances);
			this.context.execute(() -> {
				if (this.resolving == instances) {
					this.resolving = null;
					tell(instances, addresses);
				}
			});
		});
	}

	private void tell(List<EtcdServiceInstance> instances, Addresses addresses) {
		Listener2 listener = this.listener;
		if (this.closed || listener == null) {
			return;
		}
		this.told = instances;
		report(addresses.problem());
		if (!addresses.groups().isEmpty()) {
			this.resolved = true;
			this.interceptor.set(null);
			tell(listener, addresses.groups());
			return;
		}
		Status reason = Status.UNAVAILABLE.withDescription(reason(addresses));
		this.interceptor.set(reason);
		if (this.resolved) {
			this.resolved = false;
			tell(listener, NOBODY);
		}
		listener.onError(reason);
	}

	private static void tell(Listener2 listener, List<EquivalentAddressGroup> groups) {
		listener.onResult2(ResolutionResult.newBuilder().setAddressesOrError(StatusOr.fromValue(groups)).build());
	}

	private void report(String problem) {
		if (!problem.isEmpty() && !problem.equals(this.passedOver)) {
			logger.warn("'%s' is called without some of its instances: %s".formatted(EscapedText.of(this.service),
					problem));
		}
		this.passedOver = problem;
	}

	private String reason(Addresses addresses) {
		String name = EscapedText.of(this.service);
		if (!addresses.problem().isEmpty()) {
			return "No instance of '%s' can be called: %s".formatted(name, addresses.problem());
		}
		if (!this.catalog.isKnown(this.service)) {
			return "Nothing is known of '%s' yet: etcd has not been read".formatted(name);
		}
		int registered = this.catalog.registeredInstances(this.service).size();
		return (registered == 0)
				? "No instance of '%s' is registered below '%s'".formatted(name,
						String.join("', '", this.catalog.prefixes()))
				: "None of the %d instances of '%s' is UP".formatted(registered, name);
	}

	private static boolean hasAddress(EtcdServiceInstance instance) {
		try {
			String host = GrpcEndpoint.of(instance).host();
			return host.contains(":") || host.matches("[0-9.]+");
		}
		catch (InvalidInstanceException ex) {
			return true;
		}
	}

	/**
	 * The addresses of instances.
	 *
	 * @param groups one group of addresses for each instance
	 * @param problem why an instance has no address; empty if all have one
	 */
	private record Addresses(List<EquivalentAddressGroup> groups, String problem) {

		/**
		 * Look host names up. An address that several instances share is used once, since
		 * some policies refuse duplicates.
		 */
		static Addresses of(List<EtcdServiceInstance> instances) {
			List<EquivalentAddressGroup> groups = new ArrayList<>();
			Set<List<SocketAddress>> known = new HashSet<>();
			String problem = "";
			for (EtcdServiceInstance instance : instances) {
				try {
					List<SocketAddress> addresses = addresses(GrpcEndpoint.of(instance));
					if (known.add(addresses)) {
						groups.add(new EquivalentAddressGroup(addresses, GrpcAttributes.of(instance)));
					}
				}
				catch (UnknownHostException ex) {
					problem = "the host '%s' is not known".formatted(EscapedText.of(instance.getHost()));
				}
				catch (InvalidInstanceException ex) {
					problem = "of '%s' %s".formatted(EscapedText.of(String.valueOf(instance.getInstanceId())),
							ex.getMessage());
				}
			}
			return new Addresses(groups, problem);
		}

		private static List<SocketAddress> addresses(GrpcEndpoint endpoint) throws UnknownHostException {
			return Stream.of(InetAddress.getAllByName(endpoint.host()))
				.<SocketAddress>map((address) -> new InetSocketAddress(address, endpoint.port()))
				.toList();
		}

	}

}
