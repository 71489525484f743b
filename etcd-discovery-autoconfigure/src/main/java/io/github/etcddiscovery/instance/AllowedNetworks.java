package io.github.etcddiscovery.instance;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

import io.github.etcddiscovery.core.EscapedText;
import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.NetUtil;
import org.jspecify.annotations.Nullable;

/**
 * The networks in which instances may be, so that a client that can write to etcd can't
 * direct callers to arbitrary addresses. Without a list, any address is allowed. With a
 * list, only addresses in the listed networks are. Link-local addresses, and other
 * addresses at which clouds serve secrets, must be listed explicitly. Host names are
 * refused, because DNS decides at each call where they lead. Safe for use by any thread.
 */
public final class AllowedNetworks {

	private final List<Network> networks;

	private AllowedNetworks(List<Network> networks) {
		this.networks = networks;
	}

	/**
	 * Parse a list.
	 * @param networks networks such as {@code 10.0.0.0/8} and single addresses; an empty
	 * list allows any address
	 * @return the networks
	 * @throws IllegalArgumentException if an element is not a network; the message is a
	 * sentence
	 */
	public static AllowedNetworks of(List<String> networks) {
		return new AllowedNetworks(networks.stream().map(Network::parse).toList());
	}

	/**
	 * Check a host.
	 * @param host a host name or an IP address
	 * @throws InvalidInstanceException if the host is not allowed
	 */
	void requireAllowed(String host) {
		if (this.networks.isEmpty()) {
			return;
		}
		InetAddress address = address(host);
		if (address == null) {
			throw new InvalidInstanceException(
					"'%s' is a name, and 'allowed-networks' allows addresses only".formatted(EscapedText.of(host)));
		}
		if (this.networks.stream().noneMatch((network) -> network.allows(address))) {
			throw new InvalidInstanceException("%s is in none of the 'allowed-networks'".formatted(host));
		}
	}

	/**
	 * Parse an address. An IPv4 address in IPv6 notation becomes an IPv4 address, since
	 * it leads there.
	 */
	private static @Nullable InetAddress address(String text) {
		InetAddress address = NetUtil.createInetAddressFromIpAddressString(text);
		try {
			return (address != null) ? InetAddress.getByAddress(address.getAddress()) : null;
		}
		catch (UnknownHostException ex) {
			return null;
		}
	}

	private static IpSubnetFilterRule rule(String network) {
		int slash = network.indexOf('/');
		InetAddress address = address((slash < 0) ? network : network.substring(0, slash));
		try {
			int bits = Objects.requireNonNull(address).getAddress().length * Byte.SIZE;
			int prefix = (slash < 0) ? bits : Integer.parseInt(network.substring(slash + 1));
			return new IpSubnetFilterRule(address, prefix, IpFilterRuleType.ACCEPT);
		}
		catch (IllegalArgumentException | NullPointerException ex) {
			throw new IllegalArgumentException(
					"A network is like 10.0.0.0/8 or fd00::/8, or a single address; '%s' is not"
						.formatted(EscapedText.of(network)));
		}
	}

	private static boolean isReserved(InetAddress address) {
		return address.isLinkLocalAddress() || Metadata.NETWORKS.stream().anyMatch((rule) -> matches(rule, address));
	}

	private static boolean matches(IpSubnetFilterRule rule, InetAddress address) {
		return rule.matches(new InetSocketAddress(address, 0));
	}

	/**
	 * Read when there is a list to compare with: most applications have none, and need
	 * not load the classes for it while they start.
	 */
	private static final class Metadata {

		/**
		 * The metadata services of clouds outside the link-local networks: AWS, Google,
		 * Oracle, Alibaba, Oracle's former address and Azure.
		 */
		private static final List<IpSubnetFilterRule> NETWORKS = Stream
			.of("fd00:ec2::/32", "fd20:ce::/32", "fd00:c1::/32", "100.100.100.200/32", "192.0.0.192/32",
					"168.63.129.16/32")
			.map(AllowedNetworks::rule)
			.toList();

	}

	private record Network(IpSubnetFilterRule rule, boolean reserved) {

		static Network parse(String text) {
			IpSubnetFilterRule rule = AllowedNetworks.rule(text);
			InetAddress address = address(text.replaceFirst("/.*", ""));
			return new Network(rule, address != null && isReserved(address));
		}

		boolean allows(InetAddress address) {
			return matches(this.rule, address) && (this.reserved || !isReserved(address));
		}

	}

}
