package io.github.etcddiscovery.instance;

import java.nio.charset.StandardCharsets;
import java.util.List;

import io.netty.util.NetUtil;

/**
 * What a fuzzer calls with its inputs: a key and a value, with a line break between them.
 * Whatever they are, they are read as instances that can be called, or refused with a
 * sentence that can be shown. To look for more, with Jazzer
 * ({@code com.code-intelligence:jazzer}) on the class path of the tests:
 *
 * <pre class="code">
 * java -cp … com.code_intelligence.jazzer.Jazzer \
 *   --target_class=io.github.etcddiscovery.instance.InstanceReaderFuzzer \
 *   --instrumentation_includes=io.github.etcddiscovery.** \
 *   src/test/resources/io/github/etcddiscovery/instance/fuzz -max_len=4096
 * </pre>
 */
public final class InstanceReaderFuzzer {

	private static final InstanceReader READER = new InstanceReader("services",
			List.of(new JsonCodec(), new AddressCodec()));

	private static final JsonCodec JSON = new JsonCodec();

	private static final GoNamingCodec GO = new GoNamingCodec();

	private InstanceReaderFuzzer() {
	}

	/**
	 * Try one input.
	 * @param input the input
	 * @throws IllegalStateException if it was handled wrongly
	 */
	public static void fuzzerTestOneInput(byte[] input) {
		String text = new String(input, StandardCharsets.UTF_8);
		int end = text.indexOf('\n');
		String key = (end < 0) ? "services/app/1" : text.substring(0, end);
		try {
			InstanceKey parsed = READER.key(key);
			require(parsed.toString().equals(key), "the key is read differently", key);
			READER.read(parsed, text.substring(end + 1)).forEach((instance) -> check(parsed, instance));
		}
		catch (InvalidInstanceException ex) {
			String message = String.valueOf(ex.getMessage());
			require(message.codePoints().noneMatch(InstanceReaderFuzzer::isUnsafe), "it can't be shown", message);
			require(message.length() < 1500, "it is too long", message);
		}
	}

	private static boolean isUnsafe(int codePoint) {
		int type = Character.getType(codePoint);
		return Character.isISOControl(codePoint) || type == Character.FORMAT || type == Character.SURROGATE
				|| type == Character.LINE_SEPARATOR || type == Character.PARAGRAPH_SEPARATOR;
	}

	private static void check(InstanceKey key, EtcdServiceInstance instance) {
		require(instance.getServiceId().equals(key.service()), "it is of another service", instance);
		require(instance.getPort() >= 1 && instance.getPort() <= 65535, "it has no port", instance);
		String host = instance.getHost();
		require(NetUtil.isValidIpV4Address(host) || !host.matches("(.*\\.)?[0-9]+\\.?"), "its host is a number", host);
		require(instance.getUri().getUserInfo() == null, "it has a user", instance);
		require(instance.getUri().getRawPath().isEmpty(), "it has a path", instance);
		require(instance.getMetadata().size() <= 100, "it has too much metadata", instance);
		InstanceKey own = new InstanceKey(key.prefix(), key.service(), instance.getInstanceId());
		require(JSON.decode(own, JSON.encode(instance)).equals(List.of(instance)), "it is read differently", instance);
		checkGrpc(own, instance);
	}

	private static void checkGrpc(InstanceKey own, EtcdServiceInstance instance) {
		GrpcEndpoint endpoint;
		try {
			endpoint = GrpcEndpoint.of(instance);
		}
		catch (InvalidInstanceException ex) {
			return;
		}
		String go = GO.encode(instance);
		if (go != null) {
			GrpcEndpoint again = GrpcEndpoint.of(GO.decode(own, go).get(0));
			require(again.equals(endpoint) || instance.getMetadata().size() >= 99, "its address is read differently",
					instance);
		}
	}

	private static void require(boolean condition, String what, Object where) {
		if (!condition) {
			throw new IllegalStateException(what + ": " + where);
		}
	}

}
