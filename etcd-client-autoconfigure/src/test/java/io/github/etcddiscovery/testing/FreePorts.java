package io.github.etcddiscovery.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Loopback ports that are free now and likely to stay so while a server on them is down.
 */
public final class FreePorts {

	// Below the ephemeral range of Linux and macOS: a port from that range can become the
	// source of somebody's outgoing connection between a kill and a restart.
	private static final int LOWEST = 10_240;

	private static final int BOUND = 32_000;

	// Of the JVMs that test side by side each has its own: the port of a server that was
	// killed for a while looks free.
	private static final int FORKS = 2;

	private static final int FORK = Integer.getInteger("surefire.forkNumber", 1);

	private static final Set<Integer> handedOut = ConcurrentHashMap.newKeySet();

	private FreePorts() {
	}

	/**
	 * A port that is handed out to nobody else in this JVM.
	 * @return the port
	 */
	public static int next() {
		for (int attempt = 0; attempt < 10_000; attempt++) {
			int port = ThreadLocalRandom.current().nextInt(LOWEST, BOUND);
			if (port % FORKS == FORK % FORKS && handedOut.add(port) && isFree(port)) {
				return port;
			}
		}
		throw new IllegalStateException("No free loopback port between " + LOWEST + " and " + BOUND);
	}

	static boolean isFree(int port) {
		try (ServerSocket socket = new ServerSocket()) {
			socket.setReuseAddress(true);
			socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
			return true;
		}
		catch (IOException ex) {
			return false;
		}
	}

}
