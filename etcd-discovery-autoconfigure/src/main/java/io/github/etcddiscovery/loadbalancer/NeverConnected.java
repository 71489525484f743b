package io.github.etcddiscovery.loadbalancer;

import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.net.http.HttpConnectTimeoutException;
import java.nio.channels.UnresolvedAddressException;

import org.jspecify.annotations.Nullable;

/**
 * Recognises failures to connect, after which the server cannot have seen any part of the
 * request.
 */
final class NeverConnected {

	private NeverConnected() {
	}

	/**
	 * Whether a call failed before a connection was made.
	 * @param failure the exception of the HTTP client
	 * @return {@code false} if there may have been a connection
	 */
	static boolean is(@Nullable Throwable failure) {
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			// Connect time-outs of Netty and Apache's client are subclasses, or have such
			// a name
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
