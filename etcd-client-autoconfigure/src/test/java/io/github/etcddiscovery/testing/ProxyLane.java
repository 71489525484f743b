package io.github.etcddiscovery.testing;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import org.jspecify.annotations.Nullable;

/**
 * One direction of one proxied connection: a queue from a source to a destination. Bytes
 * arrive in order and complete, or the lane is {@link #isBroken() broken} from the first
 * lost one on. Confined to the proxy's event loop.
 */
final class ProxyLane {

	private static final int QUEUE_LIMIT = 256 * 1024;

	private final Channel source;

	private final Deque<Piece> queue = new ArrayDeque<>();

	private @Nullable Channel destination;

	private Mode mode;

	private int queued;

	private boolean timerSet;

	private boolean broken;

	ProxyLane(Channel source, Mode mode) {
		this.source = source;
		this.mode = mode;
	}

	void connect(Channel destination) {
		this.destination = destination;
		pump();
	}

	void mode(Mode mode) {
		this.mode = mode;
		if (mode == Mode.DROP) {
			this.broken |= !this.queue.isEmpty();
			clear();
		}
		pump();
	}

	/**
	 * Whether something was lost, so that the connection can't go on once the fault is
	 * over.
	 * @return {@code true} if something was lost
	 */
	boolean isBroken() {
		return this.broken;
	}

	void received(ByteBuf bytes, long delayNanos) {
		add(new Piece(bytes, System.nanoTime() + delayNanos));
	}

	/**
	 * The source has closed: so will the destination, after the last byte.
	 * @param delayNanos the latency
	 */
	void ended(long delayNanos) {
		add(new Piece(null, System.nanoTime() + delayNanos));
	}

	private void add(Piece piece) {
		if (this.mode == Mode.DROP || this.broken) {
			this.broken = true;
			piece.release();
			return;
		}
		this.queue.add(piece);
		this.queued += piece.size();
		pump();
	}

	/**
	 * Hands over what is due and adjusts whether the source is read at all.
	 */
	void pump() {
		Channel destination = this.destination;
		while (destination != null && this.mode == Mode.PASS && !this.queue.isEmpty()) {
			long wait = this.queue.peek().due() - System.nanoTime();
			if (wait > 0) {
				setTimer(wait);
				break;
			}
			if (destination.isActive() && !destination.isWritable()) {
				break;
			}
			Piece piece = this.queue.remove();
			this.queued -= piece.size();
			if (piece.bytes() != null) {
				destination.writeAndFlush(piece.bytes());
			}
			else {
				destination.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
			}
		}
		this.source.config().setAutoRead(wantsMore());
	}

	private boolean wantsMore() {
		return switch (this.mode) {
			case DROP -> true;
			case HOLD -> false;
			case PASS -> this.destination != null && this.queued < QUEUE_LIMIT && this.destination.isWritable();
		};
	}

	private void setTimer(long nanos) {
		if (!this.timerSet) {
			this.timerSet = true;
			this.source.eventLoop().schedule(() -> {
				this.timerSet = false;
				pump();
			}, nanos, TimeUnit.NANOSECONDS);
		}
	}

	void clear() {
		this.queue.forEach(Piece::release);
		this.queue.clear();
		this.queued = 0;
	}

	enum Mode {

		/** Bytes are delivered. */
		PASS,

		/** Bytes wait, most of them in the sender's own socket. */
		HOLD,

		/** Bytes are taken from the sender and thrown away. */
		DROP

	}

	/**
	 * Some bytes, or the end of the stream.
	 *
	 * @param bytes the bytes, {@code null} for the end
	 * @param due when to deliver it, as {@link System#nanoTime()}
	 */
	private record Piece(@Nullable ByteBuf bytes, long due) {

		int size() {
			return (this.bytes != null) ? this.bytes.readableBytes() : 0;
		}

		void release() {
			if (this.bytes != null) {
				this.bytes.release();
			}
		}

	}

}
