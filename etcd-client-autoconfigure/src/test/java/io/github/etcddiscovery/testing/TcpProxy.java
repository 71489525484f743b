package io.github.etcddiscovery.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

import io.github.etcddiscovery.testing.ProxyLane.Mode;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/**
 * A TCP proxy on loopback that a test can break: it stands for the network between a
 * client and its server. Its port stays the same for its whole life.
 * <p>
 * Faults add up until {@link #heal()} ends them all; every method returns when its effect
 * is there. What happens to bytes and connections:
 * <ul>
 * <li>{@link #cut()} and {@link #cutConnections()}: both sides get a RST.</li>
 * <li>{@link #stall()}: bytes, closes and new connections wait and go on when healed;
 * nothing is lost.</li>
 * <li>{@link #dropUpstream()}, {@link #dropDownstream()}, {@link #blackhole()}: bytes and
 * closes in that direction vanish without a FIN or RST. TCP can't leave out bytes, so a
 * connection that lost some is reset when healed; one that lost nothing goes on. New
 * connections are accepted, never get to the target, and are reset when healed.</li>
 * </ul>
 * A target that refuses connections shows as a connection that is reset once accepted.
 */
public final class TcpProxy implements AutoCloseable {

	private static final Duration PATIENCE = Duration.ofSeconds(10);

	private static final long NEVER = -1;

	private final String scheme;

	private final InetAddress host;

	private final int port;

	private final MultiThreadIoEventLoopGroup group;

	private @Nullable Channel listener;

	// All state from here on is confined to the one thread of the group.

	private final Set<ProxyConnection> connections = new LinkedHashSet<>();

	private InetSocketAddress target;

	private Mode upstreamMode = Mode.PASS;

	private Mode downstreamMode = Mode.PASS;

	private Duration latency = Duration.ZERO;

	private long upstreamBytesToCut = NEVER;

	private long downstreamBytesToCut = NEVER;

	private @Nullable String unwanted;

	private long accepted;

	private TcpProxy(InetAddress host, int port, URI target) {
		this.host = host;
		this.port = port;
		this.scheme = target.getScheme();
		this.target = address(target);
		this.group = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory("tcp-proxy-" + this.port, true),
				NioIoHandler.newFactory());
	}

	/**
	 * Starts a proxy.
	 * @param url where to forward to: a URL with a host and a port
	 * @return the proxy, listening
	 */
	public static TcpProxy to(String url) {
		return listening(new TcpProxy(InetAddress.getLoopbackAddress(), FreePorts.next(), URI.create(url)));
	}

	/**
	 * Starts a proxy at the same port of another loopback address, as a host of the same
	 * name would be elsewhere.
	 * @param host the address, of 127.0.0.0/8
	 * @param url where to forward to: a URL with a host and a port
	 * @return the proxy, listening
	 */
	public TcpProxy twinAt(String host, String url) {
		return listening(new TcpProxy(new InetSocketAddress(host, this.port).getAddress(), this.port, URI.create(url)));
	}

	private static TcpProxy listening(TcpProxy proxy) {
		proxy.listen();
		return proxy;
	}

	/**
	 * The URL for clients: the proxy's address with the scheme of the first target.
	 * @return the URL
	 */
	public String url() {
		return this.scheme + "://" + this.host.getHostAddress() + ":" + this.port;
	}

	public int port() {
		return this.port;
	}

	/**
	 * Forwards new connections to another target; existing ones stay where they are.
	 * @param url the URL of the target
	 */
	public void retarget(String url) {
		InetSocketAddress target = address(URI.create(url));
		run(() -> this.target = target);
	}

	/**
	 * Resets all connections and refuses new ones.
	 */
	public synchronized void cut() {
		if (this.listener != null) {
			this.listener.close().syncUninterruptibly();
			this.listener = null;
			// The socket goes away with the event loop's next turn.
			Awaitility.await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(1)).until(this::refuses);
		}
		cutConnections();
	}

	/**
	 * Resets the connections there are.
	 */
	public void cutConnections() {
		run(() -> List.copyOf(this.connections).forEach(ProxyConnection::reset));
	}

	/**
	 * Holds everything back in both directions.
	 */
	public void stall() {
		modes(Mode.HOLD, Mode.HOLD);
	}

	/**
	 * Loses everything from the client to the target.
	 */
	public void dropUpstream() {
		modes(Mode.DROP, null);
	}

	/**
	 * Loses everything from the target to the client.
	 */
	public void dropDownstream() {
		modes(null, Mode.DROP);
	}

	/**
	 * Loses everything in both directions.
	 */
	public void blackhole() {
		modes(Mode.DROP, Mode.DROP);
	}

	/**
	 * Loses everything on the connections there are, for as long as they last, while new
	 * ones pass: what a load balancer does that has forgotten them.
	 */
	public void silenceConnections() {
		run(() -> List.copyOf(this.connections).forEach(ProxyConnection::silence));
	}

	/**
	 * Resets the connections, present and future, whose first bytes contain a text, such
	 * as a header that tells who is calling.
	 * @param text the text
	 */
	public void refuse(String text) {
		run(() -> {
			this.unwanted = text;
			List.copyOf(this.connections).forEach(ProxyConnection::resetIfUnwanted);
		});
	}

	/**
	 * Delivers everything that arrives from now on later, in each direction: a round trip
	 * takes twice as much longer.
	 * @param latency how much later
	 */
	public void latency(Duration latency) {
		run(() -> this.latency = latency);
	}

	/**
	 * Cuts once, after so many more bytes have gone from the client to the target: the
	 * target gets exactly these bytes and a FIN, the client of that connection a RST.
	 * @param count the bytes, counted over all connections
	 */
	public void cutAfterUpstreamBytes(long count) {
		run(() -> this.upstreamBytesToCut = count);
	}

	/**
	 * Cuts once, after so many more bytes have gone from the target to the client: the
	 * client gets exactly these bytes and a FIN, the target of that connection a RST.
	 * @param count the bytes, counted over all connections
	 */
	public void cutAfterDownstreamBytes(long count) {
		run(() -> this.downstreamBytesToCut = count);
	}

	/**
	 * Ends all faults.
	 */
	public synchronized void heal() {
		run(() -> {
			this.upstreamMode = Mode.PASS;
			this.downstreamMode = Mode.PASS;
			this.unwanted = null;
			this.latency = Duration.ZERO;
			this.upstreamBytesToCut = NEVER;
			this.downstreamBytesToCut = NEVER;
			List.copyOf(this.connections).forEach(ProxyConnection::healed);
		});
		if (this.listener == null) {
			listen();
		}
	}

	/**
	 * The connections clients have open now.
	 * @return their number
	 */
	public int connections() {
		return call(() -> (int) this.connections.stream().filter(ProxyConnection::isOpen).count());
	}

	/**
	 * The connections accepted since the proxy was started.
	 * @return their number
	 */
	public long acceptedConnections() {
		return call(() -> this.accepted);
	}

	@Override
	public synchronized void close() {
		if (!this.group.isShuttingDown()) {
			cut();
			this.group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
		}
	}

	private synchronized void listen() {
		ServerBootstrap bootstrap = new ServerBootstrap().group(this.group)
			.channel(NioServerSocketChannel.class)
			.option(ChannelOption.SO_BACKLOG, 1024)
			.option(ChannelOption.SO_REUSEADDR, true)
			.childOption(ChannelOption.TCP_NODELAY, true)
			.childHandler(initializer(this::accepted));
		this.listener = Awaitility.await()
			.alias("the proxy's port " + this.port)
			.pollDelay(Duration.ZERO)
			.atMost(PATIENCE)
			.ignoreExceptionsInstanceOf(IOException.class)
			.until(() -> bootstrap.bind(this.host, this.port).sync().channel(), Channel::isActive);
	}

	private boolean refuses() {
		try (Socket socket = new Socket(this.host, this.port)) {
			return false;
		}
		catch (IOException ex) {
			return true;
		}
	}

	private void accepted(Channel client) {
		this.accepted++;
		ProxyConnection connection = new ProxyConnection(this, client);
		this.connections.add(connection);
		connection.connectIfPossible();
	}

	private void modes(@Nullable Mode upstream, @Nullable Mode downstream) {
		run(() -> {
			this.upstreamMode = (upstream != null) ? upstream : this.upstreamMode;
			this.downstreamMode = (downstream != null) ? downstream : this.downstreamMode;
			List.copyOf(this.connections).forEach(ProxyConnection::modesChanged);
		});
	}

	// What connections ask, on the event loop

	Mode upstreamMode() {
		return this.upstreamMode;
	}

	Mode downstreamMode() {
		return this.downstreamMode;
	}

	boolean isDropping() {
		return this.upstreamMode == Mode.DROP || this.downstreamMode == Mode.DROP;
	}

	boolean isFaulty() {
		return this.upstreamMode != Mode.PASS || this.downstreamMode != Mode.PASS;
	}

	boolean isUnwanted(String beginning) {
		return this.unwanted != null && beginning.contains(this.unwanted);
	}

	long latencyNanos() {
		return this.latency.toNanos();
	}

	ChannelFuture connect(EventLoop loop, Consumer<Channel> initializer) {
		return new Bootstrap().group(loop)
			.channel(NioSocketChannel.class)
			.option(ChannelOption.TCP_NODELAY, true)
			.option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 5_000)
			.handler(initializer(initializer))
			.connect(this.target);
	}

	/**
	 * Counts bytes that are about to pass.
	 * @param up the direction
	 * @param count the bytes
	 * @return how many of them may pass before the cut that is due now, or -1 if none is
	 * due
	 */
	int countTowardsCut(boolean up, int count) {
		long left = (up) ? this.upstreamBytesToCut : this.downstreamBytesToCut;
		if (left == NEVER) {
			return -1;
		}
		boolean due = left <= count;
		long remaining = (due) ? NEVER : left - count;
		if (up) {
			this.upstreamBytesToCut = remaining;
		}
		else {
			this.downstreamBytesToCut = remaining;
		}
		return (due) ? (int) left : -1;
	}

	void forget(ProxyConnection connection) {
		this.connections.remove(connection);
	}

	private void run(Runnable action) {
		call(() -> {
			action.run();
			return true;
		});
	}

	private <T> T call(Callable<T> action) {
		return this.group.submit(action).syncUninterruptibly().getNow();
	}

	private static ChannelInitializer<Channel> initializer(Consumer<Channel> consumer) {
		return new ChannelInitializer<>() {

			@Override
			protected void initChannel(Channel channel) {
				consumer.accept(channel);
			}

		};
	}

	private static InetSocketAddress address(URI url) {
		return new InetSocketAddress(url.getHost(), url.getPort());
	}

}
