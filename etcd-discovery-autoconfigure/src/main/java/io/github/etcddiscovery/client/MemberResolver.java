package io.github.etcddiscovery.client;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
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
import io.grpc.StatusOr;
import io.grpc.SynchronizationContext;
import org.jspecify.annotations.Nullable;

/**
 * Finds all addresses of the members that a channel leads to. The names are looked up
 * side by side and never on an event loop, and what is found first is used first: a name
 * that can't be resolved, or only slowly, holds up nobody but itself. A name that is not
 * known stays in the list as what it is, so that connecting to it fails for that reason.
 */
final class MemberResolver extends NameResolver {

	private static final String SCHEME = "etcd-members";

	static {
		NameResolverRegistry.getDefaultRegistry().register(new Provider());
	}

	private final List<String> authorities;

	private final SynchronizationContext context;

	private final Executor executor;

	/**
	 * Of the context.
	 */
	private final Map<String, EquivalentAddressGroup> found = new LinkedHashMap<>();

	private @Nullable Listener2 listener;

	private int underWay;

	private MemberResolver(List<String> authorities, Args args) {
		this.authorities = authorities;
		this.context = args.getSynchronizationContext();
		this.executor = Objects.requireNonNull(args.getOffloadExecutor());
	}

	/**
	 * The target of a channel that leads to these members.
	 */
	static String target(Collection<Endpoint> endpoints) {
		String path = endpoints.stream().map(Endpoint::authority).collect(Collectors.joining(","));
		try {
			// Which escapes the brackets of IPv6 addresses
			return new URI(SCHEME, "", "/" + path, null).toString();
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
		if (this.underWay == 0) {
			this.underWay = this.authorities.size();
			this.authorities.forEach((authority) -> this.executor.execute(() -> lookUp(authority)));
		}
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

	private static List<SocketAddress> addresses(String host, int port) {
		try {
			return Stream.of(InetAddress.getAllByName(host))
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
	 * Gives gRPC the resolver for our targets, and for no others.
	 */
	private static final class Provider extends NameResolverProvider {

		@Override
		protected boolean isAvailable() {
			return true;
		}

		@Override
		protected int priority() {
			// Never the one for targets without a scheme
			return 0;
		}

		@Override
		public String getDefaultScheme() {
			return SCHEME;
		}

		@Override
		public @Nullable NameResolver newNameResolver(URI target, Args args) {
			return SCHEME.equals(target.getScheme())
					? new MemberResolver(Arrays.asList(target.getPath().substring(1).split(",")), args) : null;
		}

	}

}
