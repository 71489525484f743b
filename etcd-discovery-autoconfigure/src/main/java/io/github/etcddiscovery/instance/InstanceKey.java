package io.github.etcddiscovery.instance;

import org.jspecify.annotations.Nullable;

/**
 * The place of an instance in etcd: {@code <prefix>/<service>/<instance-id>}, or
 * {@code <prefix>/<service>} for a service that is a single address.
 *
 * @param prefix the keys' common beginning, without a slash at its end
 * @param service the name of the service
 * @param instanceId what follows the name, or {@code null} at the bare name
 */
public record InstanceKey(String prefix, String service, @Nullable String instanceId) {

	/**
	 * What bytes become that are not UTF-8.
	 */
	static final char NOT_UTF_8 = '\uFFFD';

	private static final int MAX_LENGTH = 512;

	/**
	 * Read a key.
	 * @param prefix the prefix it was found under
	 * @param key the key
	 * @return its parts
	 * @throws InvalidInstanceException if the key does not name a service
	 */
	public static InstanceKey parse(String prefix, String key) {
		if (!key.startsWith(prefix + "/")) {
			throw new InvalidInstanceException("the key does not begin with '%s/'".formatted(EscapedText.of(prefix)));
		}
		String rest = key.substring(prefix.length() + 1);
		int slash = rest.indexOf('/');
		String service = (slash < 0) ? rest : rest.substring(0, slash);
		String instanceId = (slash < 0) ? null : rest.substring(slash + 1);
		requireName("service name", service);
		if (instanceId != null) {
			requireName("instance id", instanceId);
		}
		return new InstanceKey(prefix, service, instanceId);
	}

	/**
	 * The id of the instance found here: what the key says, or the service's name at the
	 * bare name.
	 * @return the id
	 */
	public String id() {
		return (this.instanceId != null) ? this.instanceId : this.service;
	}

	/**
	 * The key as etcd holds it.
	 * @return the key
	 */
	@Override
	public String toString() {
		String base = this.prefix + "/" + this.service;
		return (this.instanceId != null) ? base + "/" + this.instanceId : base;
	}

	private static void requireName(String what, String name) {
		if (name.isEmpty()) {
			throw new InvalidInstanceException("the %s in the key is empty".formatted(what));
		}
		if (name.length() > MAX_LENGTH) {
			throw new InvalidInstanceException(
					"the %s in the key is longer than %d characters".formatted(what, MAX_LENGTH));
		}
		if (name.codePoints().anyMatch((c) -> Character.isISOControl(c) || c == NOT_UTF_8)) {
			throw new InvalidInstanceException(
					"the %s in the key has control characters or is not UTF-8".formatted(what));
		}
	}

}
