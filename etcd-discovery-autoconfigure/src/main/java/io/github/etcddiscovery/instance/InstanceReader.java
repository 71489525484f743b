package io.github.etcddiscovery.instance;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

import io.github.etcddiscovery.core.EscapedText;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Reads instances from values in any format: checks the limits, then uses the first codec
 * that recognises the value. Safe for use by any thread.
 */
public final class InstanceReader {

	private static final Log logger = LogFactory.getLog(InstanceReader.class);

	private static final String WEIGHT = "weight";

	private static final Pattern DIGITS = Pattern.compile("[0-9]{1,100}");

	/**
	 * How many keys are logged, so that a client that writes invalid values can't fill
	 * the disk.
	 */
	private static final int MAX_TOLD = 100;

	private final Set<String> told = ConcurrentHashMap.newKeySet();

	private final InstancePlaces places;

	private final List<ServiceInstanceCodec> codecs;

	private final InstanceLimits limits;

	/**
	 * Create a reader for one prefix.
	 * @param prefix the prefix, without a trailing slash
	 * @param codecs the formats, in order of precedence
	 */
	public InstanceReader(String prefix, List<? extends ServiceInstanceCodec> codecs) {
		this(InstancePlaces.below(prefix), codecs, InstanceLimits.defaults());
	}

	/**
	 * Create a reader for several places.
	 * @param places the prefixes and keys of instances
	 * @param codecs the formats, in order of precedence
	 * @param limits the limits for instances
	 */
	public InstanceReader(InstancePlaces places, List<? extends ServiceInstanceCodec> codecs, InstanceLimits limits) {
		this.places = places;
		this.codecs = List.copyOf(codecs);
		this.limits = limits;
	}

	/**
	 * The limits for instances.
	 * @return the limits
	 */
	public InstanceLimits limits() {
		return this.limits;
	}

	/**
	 * Parse a key.
	 * @param key the key
	 * @return its parts
	 * @throws InvalidInstanceException if the key does not name a service
	 */
	public InstanceKey key(String key) {
		return this.places.parse(key);
	}

	/**
	 * Read a value. Ids are unique within a service, across all places, and can be the
	 * value of a cookie.
	 * @param key the key of the value
	 * @param value the value
	 * @return the instances
	 * @throws InvalidInstanceException if the value can't be read
	 */
	public List<EtcdServiceInstance> read(InstanceKey key, String value) {
		InstanceLimits.requireValue(value);
		for (ServiceInstanceCodec codec : this.codecs) {
			if (codec.recognizes(value)) {
				List<EtcdServiceInstance> instances = codec.decode(key, value);
				this.limits.check(key, instances);
				return (instances.size() == 1) ? List.of(identified(key, corrected(key, instances.get(0))))
						: instances.stream().map((instance) -> identified(key, corrected(key, instance))).toList();
			}
		}
		throw new InvalidInstanceException("the value '%s' has no known format".formatted(EscapedText.of(value)));
	}

	/**
	 * Correct an invalid weight, which could break a load balancer for the whole service,
	 * and drop metadata without a value.
	 */
	private EtcdServiceInstance corrected(InstanceKey key, EtcdServiceInstance instance) {
		Map<String, String> given = instance.getMetadata();
		if (given.isEmpty() || !given.containsKey(WEIGHT) && !given.containsValue(null)) {
			return instance;
		}
		Map<String, String> metadata = new LinkedHashMap<>(given);
		metadata.values().removeIf(Objects::isNull);
		String weight = metadata.get(WEIGHT);
		if (weight != null) {
			String corrected = weight(weight.strip());
			if (!weight.equals(corrected)) {
				metadata.compute(WEIGHT, (name, last) -> corrected);
				tellOnce(key, weight, corrected);
			}
		}
		return metadata.equals(given) ? instance : instance.withMetadata(metadata);
	}

	private static @Nullable String weight(String text) {
		if (!DIGITS.matcher(text).matches()) {
			return null;
		}
		BigInteger weight = new BigInteger(text);
		return weight.min(BigInteger.valueOf(InstanceLimits.MAX_WEIGHT)).toString();
	}

	private void tellOnce(InstanceKey key, String weight, @Nullable String corrected) {
		if (this.told.size() < MAX_TOLD && this.told.add(key.toString())) {
			logger.warn("Reading '%s' %s: its weight '%s' is not a whole number between 0 and %d".formatted(
					EscapedText.of(key.toString()),
					(corrected != null) ? "with a weight of " + corrected : "without a weight", EscapedText.of(weight),
					InstanceLimits.MAX_WEIGHT));
		}
	}

	/**
	 * Add the place to the id outside of the own prefix, since several places may have
	 * the same id.
	 */
	private EtcdServiceInstance identified(InstanceKey key, EtcdServiceInstance instance) {
		String id = String.valueOf(instance.getInstanceId());
		String unique = key.prefix().equals(this.places.prefix()) ? id : id + "@" + key.prefix();
		String safe = isSafe(unique) ? unique : escaped(unique);
		return safe.equals(id) ? instance : instance.withInstanceId(safe);
	}

	private static boolean isSafe(String id) {
		for (int i = 0; i < id.length(); i++) {
			if (!isSafe(id.charAt(i))) {
				return false;
			}
		}
		return true;
	}

	/**
	 * Whether a cookie may contain a character. The percent sign escapes all others.
	 */
	private static boolean isSafe(char c) {
		return c > ' ' && c < 0x7F && c != '"' && c != '%' && c != ',' && c != ';' && c != '\\';
	}

	private static String escaped(String id) {
		StringBuilder escaped = new StringBuilder();
		for (byte b : id.getBytes(StandardCharsets.UTF_8)) {
			char c = (char) (b & 0xFF);
			escaped.append(isSafe(c) ? String.valueOf(c) : "%%%02X".formatted(b));
		}
		return escaped.toString();
	}

}
