package io.github.etcddiscovery.testing;

import java.nio.charset.StandardCharsets;

import io.github.etcddiscovery.testing.ProxyLane.Mode;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection through a {@link TcpProxy} and the connection to the target that
 * belongs to it. Confined to the proxy's event loop.
 */
final class ProxyConnection {

	private final TcpProxy proxy;

	private final Channel client;

	private final ProxyLane upstream;

	private final boolean blackholed;

	private boolean silenced;

	private String beginning = "";

	private @Nullable Channel server;

	private @Nullable ProxyLane downstream;

	private boolean connecting;

	ProxyConnection(TcpProxy proxy, Channel client) {
		this.proxy = proxy;
		this.client = client;
		// In a network that loses packets in either direction it would not exist.
		this.blackholed = proxy.isDropping();
		this.upstream = new ProxyLane(client, (this.blackholed) ? Mode.DROP : proxy.upstreamMode());
		client.pipeline().addLast(new Inbound(this.upstream, true));
		this.upstream.pump();
	}

	/**
	 * Connects to the target, once no fault keeps packets from getting there and back.
	 */
	void connectIfPossible() {
		if (this.connecting || this.proxy.isFaulty()) {
			return;
		}
		this.connecting = true;
		this.proxy.connect(this.client.eventLoop(), this::prepare).addListener((future) -> {
			if (!future.isSuccess()) {
				reset();
			}
			else if (!this.client.isActive() || this.server == null) {
				reset();
			}
			else {
				this.upstream.connect(this.server);
			}
		});
	}

	private void prepare(Channel server) {
		this.server = server;
		this.downstream = new ProxyLane(server, this.proxy.downstreamMode());
		server.pipeline().addLast(new Inbound(this.downstream, false));
		this.downstream.connect(this.client);
	}

	boolean isOpen() {
		return this.client.isActive();
	}

	/**
	 * Loses everything in both directions from now on.
	 */
	void silence() {
		this.silenced = true;
		this.upstream.mode(Mode.DROP);
		if (this.downstream != null) {
			this.downstream.mode(Mode.DROP);
		}
	}

	void modesChanged() {
		if (this.blackholed || this.silenced) {
			return;
		}
		this.upstream.mode(this.proxy.upstreamMode());
		if (this.downstream != null) {
			this.downstream.mode(this.proxy.downstreamMode());
		}
	}

	void healed() {
		if (this.blackholed || this.upstream.isBroken() || (this.downstream != null && this.downstream.isBroken())) {
			reset();
		}
		else {
			modesChanged();
			connectIfPossible();
		}
	}

	/**
	 * Closes both sides with a RST.
	 */
	void reset() {
		reset(this.client);
		reset(this.server);
		this.upstream.clear();
		if (this.downstream != null) {
			this.downstream.clear();
		}
		forgetIfClosed();
	}

	void resetIfUnwanted() {
		if (this.proxy.isUnwanted(this.beginning)) {
			reset();
		}
	}

	private static void reset(@Nullable Channel channel) {
		if (channel != null && channel.isOpen()) {
			channel.config().setOption(ChannelOption.SO_LINGER, 0);
			channel.close();
		}
	}

	private void forgetIfClosed() {
		if (!this.client.isOpen() && (this.server == null || !this.server.isOpen())) {
			this.proxy.forget(this);
		}
	}

	/**
	 * Feeds a lane with what its source sends.
	 */
	private final class Inbound extends ChannelInboundHandlerAdapter {

		private final ProxyLane lane;

		private final boolean up;

		Inbound(ProxyLane lane, boolean up) {
			this.lane = lane;
			this.up = up;
		}

		@Override
		public void channelRead(ChannelHandlerContext context, Object message) {
			ByteBuf bytes = (ByteBuf) message;
			TcpProxy proxy = ProxyConnection.this.proxy;
			if (this.up && ProxyConnection.this.beginning.isEmpty()) {
				ProxyConnection.this.beginning = bytes.toString(StandardCharsets.ISO_8859_1);
				if (proxy.isUnwanted(ProxyConnection.this.beginning)) {
					bytes.release();
					reset();
					return;
				}
			}
			int allowed = proxy.countTowardsCut(this.up, bytes.readableBytes());
			if (allowed < 0) {
				this.lane.received(bytes, proxy.latencyNanos());
				return;
			}
			// The destination gets the allowed bytes and then a close; the source a RST.
			this.lane.received(bytes.readRetainedSlice(allowed), proxy.latencyNanos());
			bytes.release();
			reset(context.channel());
		}

		@Override
		public void channelInactive(ChannelHandlerContext context) {
			this.lane.ended(ProxyConnection.this.proxy.latencyNanos());
			forgetIfClosed();
		}

		@Override
		public void channelWritabilityChanged(ChannelHandlerContext context) {
			ProxyLane opposite = (this.up) ? ProxyConnection.this.downstream : ProxyConnection.this.upstream;
			if (opposite != null) {
				opposite.pump();
			}
		}

		@Override
		public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
			context.close();
		}

	}

}
