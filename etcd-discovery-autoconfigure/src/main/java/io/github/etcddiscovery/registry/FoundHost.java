package io.github.etcddiscovery.registry;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;

import io.github.etcddiscovery.core.EscapedText;
import io.netty.util.NetUtil;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.cloud.commons.util.InetUtils;

/**
 * The host name and the IP address of this machine, as {@code spring.cloud.inetutils.*}
 * find them. They are looked up once, since a look-up can take a second and the name of
 * an instance must not change while it runs. Warns once if other machines can't reach
 * this one by them. Safe for use by any thread.
 */
public final class FoundHost {

	private static final Log logger = LogFactory.getLog(FoundHost.class);

	/**
	 * The name that {@link InetUtils} returns on every machine whose own name can't be
	 * resolved.
	 */
	static final String NO_HOST_NAME = "localhost";

	/**
	 * Network bridges of container engines and hypervisors, which have the same address
	 * on every machine.
	 */
	private static final Pattern BRIDGE = Pattern.compile(
			"docker\\d+|docker_gwbridge|br-[0-9a-f]{12}|virbr\\d+|podman\\d+|cni-?(podman)?\\d+|lxcbr\\d+|lxdbr\\d+");

	private final InetUtils inetUtils;

	private final AtomicBoolean warned = new AtomicBoolean();

	private InetUtils.@Nullable HostInfo hostInfo;

	/**
	 * Create an object that looks nothing up before it is used.
	 * @param inetUtils finds the name and the address
	 */
	public FoundHost(InetUtils inetUtils) {
		this.inetUtils = inetUtils;
	}

	private synchronized InetUtils.HostInfo hostInfo() {
		if (this.hostInfo == null) {
			this.hostInfo = this.inetUtils.findFirstNonLoopbackHostInfo();
		}
		return this.hostInfo;
	}

	String address() {
		return hostInfo().getIpAddress();
	}

	String name() {
		return hostInfo().getHostname();
	}

	/**
	 * The host name if it can be the host of a URI, otherwise the IP address.
	 */
	String callableName() {
		if (RegistrableInstance.isUriHost(name())) {
			return name();
		}
		if (this.warned.compareAndSet(false, true)) {
			logger.warn(("The host name '%s' that was found can't be the host of a URI: the address %s is registered. "
					+ "Set 'spring.cloud.etcd.discovery.hostname' to a name that callers can use")
				.formatted(EscapedText.of(name()), address()));
		}
		return address();
	}

	/**
	 * Warn once if other machines can't reach this one by a host.
	 * @param host the name or the address, as it is registered
	 */
	void warnUnlessForOthers(String host) {
		String kind = host.equals(NO_HOST_NAME) ? "it is what every machine calls itself" : kind(host);
		if (kind != null && this.warned.compareAndSet(false, true)) {
			logger.warn(("Others can't call the address %s that was found: %s. Set "
					+ "'spring.cloud.etcd.discovery.%s', or 'spring.cloud.inetutils.preferred-networks' to the "
					+ "network that others reach this machine in")
				.formatted(EscapedText.of(host), kind, host.equals(NO_HOST_NAME) ? "hostname" : "ip-address"));
		}
	}

	private static @Nullable String kind(String host) {
		if (!NetUtil.isValidIpV4Address(host) && !NetUtil.isValidIpV6Address(host)) {
			return null;
		}
		try {
			// An IP address, so this call looks nothing up
			InetAddress address = InetAddress.getByName(host);
			if (address.isLoopbackAddress()) {
				return "it is a loopback address";
			}
			if (address.isLinkLocalAddress()) {
				return "it is a link-local address";
			}
			if (address.isAnyLocalAddress()) {
				return "it stands for all addresses of a machine";
			}
			NetworkInterface network = NetworkInterface.getByInetAddress(address);
			return (network != null && isBridge(network.getName()))
					? "it is that of the bridge %s, which other machines have as well".formatted(network.getName())
					: null;
		}
		catch (IOException ex) {
			return null;
		}
	}

	static boolean isBridge(String networkInterface) {
		return BRIDGE.matcher(networkInterface).matches();
	}

}
