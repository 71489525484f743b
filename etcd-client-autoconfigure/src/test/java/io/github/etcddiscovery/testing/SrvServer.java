package io.github.etcddiscovery.testing;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A name server on loopback that knows the SRV records that a test gives it, all of them
 * on the host {@code localhost}.
 */
public final class SrvServer implements AutoCloseable {

	private final Map<String, List<Integer>> ports = new ConcurrentHashMap<>();

	private final DatagramSocket socket;

	public SrvServer() {
		try {
			this.socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		Thread thread = new Thread(this::serve, "srv-server");
		thread.setDaemon(true);
		thread.start();
	}

	/**
	 * Host and port to ask.
	 * @return the address
	 */
	public String address() {
		return "127.0.0.1:" + this.socket.getLocalPort();
	}

	/**
	 * Sets the records of a name.
	 * @param name the name, such as {@code _etcd-client._tcp.example.org}
	 * @param ports the ports that they name
	 */
	public void records(String name, Integer... ports) {
		this.ports.put(name, List.of(ports));
	}

	private void serve() {
		byte[] buffer = new byte[1500];
		while (!this.socket.isClosed()) {
			try {
				DatagramPacket query = new DatagramPacket(buffer, buffer.length);
				this.socket.receive(query);
				byte[] answer = answer(buffer, query.getLength());
				this.socket.send(new DatagramPacket(answer, answer.length, query.getSocketAddress()));
			}
			catch (IOException ex) {
				// Closed, or somebody has gone.
			}
		}
	}

	private byte[] answer(byte[] query, int length) throws IOException {
		StringBuilder name = new StringBuilder();
		int position = 12;
		while (query[position] != 0) {
			int label = query[position];
			name.append(name.isEmpty() ? "" : ".")
				.append(new String(query, position + 1, label, StandardCharsets.US_ASCII));
			position += label + 1;
		}
		List<Integer> found = this.ports.getOrDefault(name.toString(), List.of());
		ByteArrayOutputStream bytes = new ByteArrayOutputStream();
		DataOutputStream out = new DataOutputStream(bytes);
		out.write(query, 0, 2);
		// An answer with authority, or that there is no such name
		out.writeShort(found.isEmpty() ? 0x8583 : 0x8580);
		out.writeShort(1);
		out.writeShort(found.size());
		out.writeInt(0);
		out.write(query, 12, position + 5 - 12);
		for (int port : found) {
			out.writeShort(0xC00C);
			out.writeShort(33);
			out.writeShort(1);
			out.writeInt(1);
			out.writeShort(17);
			out.writeShort(0);
			out.writeShort(0);
			out.writeShort(port);
			out.writeByte(9);
			out.writeBytes("localhost");
			out.writeByte(0);
		}
		return bytes.toByteArray();
	}

	@Override
	public void close() {
		this.socket.close();
	}

}
