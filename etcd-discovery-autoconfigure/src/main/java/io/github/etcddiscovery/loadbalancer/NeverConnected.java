package io.github.etcddiscovery.loadbalancer;

import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.net.http.HttpConnectTimeoutException;
import java.nio.channels.UnresolvedAddressException;

import org.jspecify.annotations.Nullable;

/**
 * Tells failures before a connection was made, when the server cannot have seen anything
 * of the request, from all others.
 */
final class NeverConnected {

	private NeverConnected() {
	}

	/**
	 * Whether no connection was made.
	 * @param failure what the client threw
	 * @return {@code false} also in doubt
	 */
	static boolean is(@Nullable Throwable failure) {
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			// Connect time-outs of Netty or Apache's client are such, or named so
			if (cause instanceof ConnectException || cause instanceof NoRouteToHostException
					|| cause instanceof UnknownHostException || cause instanceof HttpConnectTimeoutException
					|| cause instanceof UnresolvedAddressException
					|| cause.getClass().getSimpleName().equals("ConnectTimeoutException")) {
				return true;
			}
		}
		return false;
	}

}
