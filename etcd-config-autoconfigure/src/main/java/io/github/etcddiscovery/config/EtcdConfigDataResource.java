package io.github.etcddiscovery.config;

import java.util.Objects;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.config.ConfigDataResource;

/**
 * A source in etcd, as a resource of Spring Boot's imports.
 */
final class EtcdConfigDataResource extends ConfigDataResource {

	private final @Nullable ImportSource source;

	private final boolean mayBeMissing;

	EtcdConfigDataResource(@Nullable ImportSource source, boolean optional) {
		super(optional);
		this.source = source;
		this.mayBeMissing = optional;
	}

	/**
	 * Whether the import is optional. Spring Boot does not show its own flag.
	 */
	boolean mayBeMissing() {
		return this.mayBeMissing;
	}

	/**
	 * The source, or {@code null} if imports from etcd are switched off.
	 */
	@Nullable ImportSource source() {
		return this.source;
	}

	@Override
	public boolean equals(Object other) {
		return other instanceof EtcdConfigDataResource resource && Objects.equals(this.source, resource.source);
	}

	@Override
	public int hashCode() {
		return Objects.hashCode(this.source);
	}

	@Override
	public String toString() {
		return (this.source != null) ? this.source.name() : "etcd:";
	}

}
