package io.github.etcddiscovery.config;

import java.util.Objects;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.origin.Origin;

/**
 * The origin of a property in etcd, shown as
 * {@code etcd config/shop/db/url @ revision 812}.
 */
public final class EtcdOrigin implements Origin {

	private final String key;

	private final long revision;

	private final @Nullable String line;

	EtcdOrigin(String key, long revision, @Nullable String line) {
		this.key = key;
		this.revision = revision;
		this.line = line;
	}

	/**
	 * The key.
	 * @return the key
	 */
	public String getKey() {
		return this.key;
	}

	/**
	 * The revision of the last write of the key.
	 * @return the revision
	 */
	public long getRevision() {
		return this.revision;
	}

	@Override
	public boolean equals(Object other) {
		return other instanceof EtcdOrigin origin && this.key.equals(origin.key) && this.revision == origin.revision
				&& Objects.equals(this.line, origin.line);
	}

	@Override
	public int hashCode() {
		return Objects.hash(this.key, this.revision, this.line);
	}

	@Override
	public String toString() {
		return "etcd %s @ revision %d%s".formatted(this.key, this.revision,
				(this.line != null) ? " - " + this.line : "");
	}

}
