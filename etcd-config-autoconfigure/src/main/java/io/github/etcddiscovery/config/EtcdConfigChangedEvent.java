package io.github.etcddiscovery.config;

import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.origin.Origin;
import org.springframework.context.ApplicationEvent;

/**
 * The configuration has changed, and the environment and beans have taken the change
 * over. Published by the thread that applies changes, so a slow listener delays the next
 * change. Never contains a value.
 */
@SuppressWarnings("serial")
public class EtcdConfigChangedEvent extends ApplicationEvent {

	private final long revision;

	private final List<Change> changes;

	/**
	 * Create an event.
	 * @param source the publisher
	 * @param revision the revision of etcd now in use
	 * @param changes the changes
	 */
	public EtcdConfigChangedEvent(Object source, long revision, List<Change> changes) {
		super(source);
		this.revision = revision;
		this.changes = List.copyOf(changes);
	}

	/**
	 * The revision of etcd now in use.
	 * @return the revision
	 */
	public long getRevision() {
		return this.revision;
	}

	/**
	 * The changes, by the names of the properties.
	 * @return the changes, at least one
	 */
	public List<Change> getChanges() {
		return this.changes;
	}

	/**
	 * The value of a property has changed.
	 *
	 * @param key the name of the property
	 * @param oldOrigin its former key and revision, or {@code null} if it was not set
	 * @param newOrigin its present key and revision, or {@code null} if it is no longer
	 * set
	 */
	public record Change(String key, @Nullable Origin oldOrigin, @Nullable Origin newOrigin) {
	}

}
