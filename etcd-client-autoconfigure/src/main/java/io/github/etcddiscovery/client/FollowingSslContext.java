package io.github.etcddiscovery.client;

import java.util.List;
import java.util.function.Supplier;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSessionContext;

import io.grpc.netty.GrpcSslContexts;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolNegotiator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslOptions;

/**
 * An SSL context that reads the SSL bundle at each handshake, so that replaced
 * certificates take effect with the next connection of every client that uses it. Safe
 * for use by any thread.
 */
final class FollowingSslContext extends SslContext {

	private static final Log logger = LogFactory.getLog(FollowingSslContext.class);

	private final Supplier<@Nullable SslBundle> bundle;

	private volatile Current current;

	FollowingSslContext(Supplier<@Nullable SslBundle> bundle) {
		this.bundle = bundle;
		SslBundle first = bundle.get();
		this.current = new Current(first, contextOf(first));
	}

	/**
	 * The current context. A bundle that is invalid does not replace the last valid one.
	 */
	private SslContext current() {
		try {
			SslBundle now = this.bundle.get();
			if (now != this.current.bundle()) {
				this.current = new Current(now, contextOf(now));
			}
		}
		catch (RuntimeException ex) {
			logger.warn("The certificates for etcd can't be replaced: %s. The last ones stay in use"
				.formatted(ex.getMessage()));
		}
		return this.current.context();
	}

	private static SslContext contextOf(@Nullable SslBundle bundle) {
		try {
			SslContextBuilder builder = GrpcSslContexts.forClient();
			if (bundle != null) {
				SslOptions options = bundle.getOptions();
				builder.keyManager(bundle.getManagers().getKeyManagerFactory())
					.trustManager(bundle.getManagers().getTrustManagerFactory());
				if (options.getCiphers() != null) {
					builder.ciphers(List.of(options.getCiphers()));
				}
				if (options.getEnabledProtocols() != null) {
					builder.protocols(options.getEnabledProtocols());
				}
			}
			return builder.build();
		}
		catch (SSLException | RuntimeException ex) {
			throw new IllegalStateException("TLS to etcd could not be set up: " + ex.getMessage(), ex);
		}
	}

	@Override
	public boolean isClient() {
		return true;
	}

	@Override
	public List<String> cipherSuites() {
		return current().cipherSuites();
	}

	@Override
	@SuppressWarnings("deprecation")
	public ApplicationProtocolNegotiator applicationProtocolNegotiator() {
		return current().applicationProtocolNegotiator();
	}

	@Override
	public SSLEngine newEngine(ByteBufAllocator allocator) {
		return current().newEngine(allocator);
	}

	@Override
	public SSLEngine newEngine(ByteBufAllocator allocator, String host, int port) {
		return current().newEngine(allocator, host, port);
	}

	@Override
	public SSLSessionContext sessionContext() {
		return current().sessionContext();
	}

	private record Current(@Nullable SslBundle bundle, SslContext context) {
	}

}
