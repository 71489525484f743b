package io.github.etcddiscovery.instance;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;

import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.NetUtil;

/**
 * The networks that instances may be in, so that whoever writes to etcd cannot make
 * callers talk to just anything. Without a list that is everywhere. With one it is the
 * networks that are listed, but link-local addresses, where clouds keep their secrets,
 * only if the list has a network of such; and no host names, because what a name leads to
 * is decided by DNS, at each call. Safe for use by any thread.
 */
public final class AllowedNetworks {

	private final List<Network> networks;

	private AllowedNetworks(List<Network> networks) {
		this.networks = networks;
	}

	/**
	 * Read a list.
	 * @param networks networks such as {@code 10.0.0.0/8} and single addresses; none for
	 * everywhere
	 * @return the networks
	 * @throws IllegalArgumentException if one of them is none; the message is a sentence
	 */
	public static AllowedNetworks of(List<String> networks) {
		return new AllowedNetworks(networks.stream().map(Network::parse).toList());
	}

	/**
	 * Check a host.
	 * @param host a host name or address
	 * @throws InvalidInstanceException if it may not be called
	 */
	void requireAllowed(String host) {
		if (this.networks.isEmpty()) {
			return;
		}
		InetAddress address = NetUtil.createInetAddressFromIpAddressString(host);
		if (address == null) {
			throw new InvalidInstanceException(
					"'%s' is a name, and 'allowed-networks' allows addresses only".formatted(EscapedText.of(host)));
		}
		if (this.networks.stream().noneMatch((network) -> network.allows(address))) {
			throw new InvalidInstanceException("%s is in none of the 'allowed-networks'".formatted(host));
		}
	}

	private record Network(IpSubnetFilterRule rule, boolean linkLocal) {

		static Network parse(String text) {
			int slash = text.indexOf('/');
			InetAddress address = NetUtil
				.createInetAddressFromIpAddressString((slash < 0) ? text : text.substring(0, slash));
			if (address == null) {
				throw none(text);
			}
			try {
				int bits = address.getAddress().length * Byte.SIZE;
				int prefix = (slash < 0) ? bits : Integer.parseInt(text.substring(slash + 1));
				return new Network(new IpSubnetFilterRule(address, prefix, IpFilterRuleType.ACCEPT),
						address.isLinkLocalAddress());
			}
			catch (IllegalArgumentException ex) {
				throw none(text);
			}
		}

		private static IllegalArgumentException none(String text) {
			return new IllegalArgumentException(
					"A network is like 10.0.0.0/8 or fd00::/8, or a single address; '%s' is not"
						.formatted(EscapedText.of(text)));
		}

		boolean allows(InetAddress address) {
			return this.rule.matches(new InetSocketAddress(address, 0))
					&& (this.linkLocal || !address.isLinkLocalAddress());
		}

	}

}
