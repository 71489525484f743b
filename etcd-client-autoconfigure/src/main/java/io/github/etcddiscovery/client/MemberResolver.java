package io.github.etcddiscovery.client;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.grpc.Attributes;
import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.grpc.Status;
import io.grpc.StatusOr;
import io.grpc.SynchronizationContext;
import org.jspecify.annotations.Nullable;

/**
 * Finds all addresses of the members of a channel. Names are looked up in parallel and
 * never on an event loop, and each result is used as soon as it is there, so that a name
 * that can't be resolved, or only slowly, does not delay the others. An unknown name
 * stays in the list unresolved, so that connecting to it fails with that reason.
 */
final class MemberResolver extends NameResolver {

	private static final String SCHEME = "etcd-members";

	static {
		NameResolverRegistry.getDefaultRegistry().register(new Provider());
	}

	/**
	 * Replaces Java's own look-up of names.
	 */
	static final Args.Key<NameLookup> LOOKUP = Args.Key.create("name-lookup");

	private final NameLookup lookup;

	private final @Nullable SrvRecords records;

	private final SynchronizationContext context;

	private final Executor executor;

	/**
	 * Confined to the synchronization context of the channel.
	 */
	private final Map<String, EquivalentAddressGroup> found = new LinkedHashMap<>();

	/**
	 * Confined to the synchronization context of the channel.
	 */
	private List<String> authorities;

	private @Nullable Listener2 listener;

	private int underWay;

	private MemberResolver(List<String> authorities, @Nullable SrvRecords records, Args args) {
		this.authorities = authorities;
		this.records = records;
		NameLookup lookup = args.getArg(LOOKUP);
		this.lookup = (lookup != null) ? lookup : InetAddress::getAllByName;
		this.context = args.getSynchronizationContext();
		this.executor = Objects.requireNonNull(args.getOffloadExecutor());
	}

	/**
	 * The target of a channel to given members.
	 */
	static String target(Collection<Endpoint> endpoints) {
		return target(null, endpoints.stream().map(Endpoint::authority).collect(Collectors.joining(",")));
	}

	/**
	 * The target of a channel to the configured members.
	 */
	static String target(Endpoints endpoints) {
		if (endpoints.areLookedUp()) {
			SrvRecords records = endpoints.records();
			return target(records.tls() ? "tls" : "plain",
					records.domain() + ((records.server() != null) ? "," + records.server() : ""));
		}
		return target(endpoints.members());
	}

	private static String target(@Nullable String srv, String path) {
		try {
			// This constructor escapes the brackets of IPv6 addresses
			return new URI(SCHEME, (srv != null) ? srv : "", "/" + path, null).toString();
		}
		catch (URISyntaxException ex) {
			throw new IllegalStateException(ex);
		}
	}

	@Override
	public String getServiceAuthority() {
		return this.authorities.get(0);
	}

	@Override
	public void start(Listener2 listener) {
		this.listener = listener;
		refresh();
	}

	@Override
	public void refresh() {
		if (this.underWay > 0) {
			return;
		}
		SrvRecords records = this.records;
		if (records == null) {
			lookUpAll();
			return;
		}
		this.underWay = 1;
		this.executor.execute(() -> {
			try {
				List<String> authorities = records.lookUp().stream().map(Endpoint::authority).toList();
				this.context.execute(() -> {
					this.authorities = authorities;
					this.found.keySet().retainAll(authorities);
					lookUpAll();
				});
			}
			catch (RuntimeException ex) {
				this.context.execute(() -> failed(ex));
			}
		});
	}

	private void failed(RuntimeException failure) {
		this.underWay = 0;
		if (this.listener != null) {
			this.listener.onResult2(ResolutionResult.newBuilder()
				.setAddressesOrError(StatusOr
					.fromStatus(Status.UNAVAILABLE.withDescription(failure.getMessage()).withCause(failure)))
				.build());
		}
	}

	private void lookUpAll() {
		this.underWay = this.authorities.size();
		this.authorities.forEach((authority) -> this.executor.execute(() -> lookUp(authority)));
	}

	private void lookUp(String authority) {
		int colon = authority.lastIndexOf(':');
		String host = authority.substring(0, colon);
		int port = Integer.parseInt(authority.substring(colon + 1));
		List<SocketAddress> addresses = addresses(host, port);
		Attributes attributes = Attributes.newBuilder()
			.set(EquivalentAddressGroup.ATTR_AUTHORITY_OVERRIDE, authority)
			.build();
		this.context.execute(() -> found(authority, new EquivalentAddressGroup(addresses, attributes)));
	}

	private List<SocketAddress> addresses(String host, int port) {
		try {
			return Stream.of(this.lookup.all(host))
				.<SocketAddress>map((address) -> new InetSocketAddress(address, port))
				.toList();
		}
		catch (UnknownHostException ex) {
			return List.of(InetSocketAddress.createUnresolved(host, port));
		}
	}

	private void found(String authority, EquivalentAddressGroup group) {
		this.found.put(authority, group);
		this.underWay--;
		Listener2 listener = this.listener;
		if (listener != null && (this.underWay == 0 || isResolved(group))) {
			listener.onResult2(ResolutionResult.newBuilder()
				.setAddressesOrError(StatusOr.fromValue(new ArrayList<>(this.found.values())))
				.build());
		}
	}

	private static boolean isResolved(EquivalentAddressGroup group) {
		return group.getAddresses().get(0) instanceof InetSocketAddress address && !address.isUnresolved();
	}

	@Override
	public void shutdown() {
		this.listener = null;
	}

	/**
	 * Finds the addresses of a host.
	 */
	@FunctionalInterface
	interface NameLookup {

		InetAddress[] all(String host) throws UnknownHostException;

	}

	/**
	 * Provides gRPC with the resolver for targets of our scheme only.
	 */
	private static final class Provider extends NameResolverProvider {

		@Override
		protected boolean isAvailable() {
			return true;
		}

		@Override
		protected int priority() {
			// Zero, so that targets without a scheme never use this provider
			return 0;
		}

		@Override
		public String getDefaultScheme() {
			return SCHEME;
		}

		@Override
		public @Nullable NameResolver newNameResolver(URI target, Args args) {
			if (!SCHEME.equals(target.getScheme())) {
				return null;
			}
			List<String> path = List.of(target.getPath().substring(1).split(","));
			if (target.getAuthority() == null) {
				return new MemberResolver(path, null, args);
			}
			SrvRecords records = new SrvRecords((path.size() > 1) ? path.get(1) : null, path.get(0),
					target.getAuthority().equals("tls"));
			return new MemberResolver(path.subList(0, 1), records, args);
		}

	}

}
