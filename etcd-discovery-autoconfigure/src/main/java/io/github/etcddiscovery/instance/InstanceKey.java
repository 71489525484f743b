package io.github.etcddiscovery.instance;

import io.github.etcddiscovery.core.EscapedText;
import org.jspecify.annotations.Nullable;

/**
 * The key of an instance: {@code <prefix>/<service>/<instance-id>}, or
 * {@code <prefix>/<service>} for a service with a single address. A service may have a
 * key of its own instead of {@code <prefix>/<service>}.
 *
 * @param base the key of the service: {@code <prefix>/<service>}, or its own
 * @param prefix the beginning that services share, without a trailing slash; the same as
 * {@code base} if the service has its own key
 * @param service the name of the service
 * @param instanceId the text after the name, or {@code null} at the bare name
 */
public record InstanceKey(String base, String prefix, String service, @Nullable String instanceId) {

	/**
	 * The character that replaces bytes that are not UTF-8.
	 */
	static final char NOT_UTF_8 = '\uFFFD';

	/**
	 * The suffix of the names of management services, and of the ids of their instances.
	 */
	public static final String MANAGEMENT_SUFFIX = "-management";

	private static final int MAX_LENGTH = 512;

	/**
	 * Create a key below a prefix.
	 * @param prefix the prefix, without a trailing slash
	 * @param service the name of the service
	 * @param instanceId the text after the name, or {@code null} at the bare name
	 */
	public InstanceKey(String prefix, String service, @Nullable String instanceId) {
		this(prefix + "/" + service, prefix, service, instanceId);
	}

	/**
	 * Parse a key.
	 * @param prefix the prefix below which the key was found
	 * @param key the key
	 * @return its parts
	 * @throws InvalidInstanceException if the key does not name a service
	 */
	public static InstanceKey parse(String prefix, String key) {
		if (!isBelow(prefix, key)) {
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
	 * Whether a key begins with another one and a slash.
	 */
	static boolean isBelow(String prefix, String key) {
		return key.length() > prefix.length() && key.charAt(prefix.length()) == '/' && key.startsWith(prefix);
	}

	/**
	 * Parse a key of a service that has a key of its own.
	 * @param service the name of the service
	 * @param base the key of the service
	 * @param key that key, or one below it
	 * @return its parts
	 * @throws InvalidInstanceException if the key does not name an instance
	 */
	static InstanceKey parse(String service, String base, String key) {
		String instanceId = key.equals(base) ? null : key.substring(base.length() + 1);
		if (instanceId != null) {
			requireName("instance id", instanceId);
		}
		return new InstanceKey(base, base, service, instanceId);
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
	 * The key of the same instance without a prefix.
	 * @return {@code <service>/<instance-id>}
	 */
	public InstanceKey withoutPrefix() {
		return new InstanceKey(this.service, this.service, this.service, this.instanceId);
	}

	/**
	 * Whether a value that stands here may say that it is of a service: what the key
	 * says, or, at a key of its own, how that ends, since it has another name there.
	 */
	boolean isOf(String service) {
		return service.equals(this.service) || (this.base.equals(this.prefix)
				&& service.equals(this.base.substring(this.base.lastIndexOf('/') + 1)));
	}

	/**
	 * Whether a management port is likely to stand here, as far as a key alone can tell.
	 * @return {@code true} if name and id both end as those of management ports do
	 */
	public boolean isManagement() {
		return this.instanceId != null && this.service.endsWith(MANAGEMENT_SUFFIX)
				&& this.instanceId.endsWith(MANAGEMENT_SUFFIX) && !this.instanceId.equals(this.service);
	}

	/**
	 * The key as etcd holds it.
	 * @return the key
	 */
	@Override
	public String toString() {
		return (this.instanceId != null) ? this.base + "/" + this.instanceId : this.base;
	}

	private static void requireName(String what, String name) {
		if (name.isEmpty()) {
			throw new InvalidInstanceException("the %s in the key is empty".formatted(what));
		}
		if (name.length() > MAX_LENGTH) {
			throw new InvalidInstanceException(
					"the %s in the key is longer than %d characters".formatted(what, MAX_LENGTH));
		}
		for (int i = 0; i < name.length(); i++) {
			if (Character.isISOControl(name.charAt(i)) || name.charAt(i) == NOT_UTF_8) {
				throw new InvalidInstanceException(
						"the %s in the key has control characters or is not UTF-8".formatted(what));
			}
		}
	}

}
