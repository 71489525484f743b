package io.github.etcddiscovery.config;

import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.origin.Origin;
import org.springframework.context.ApplicationEvent;

/**
 * The configuration has changed, and everything has been switched over to it. Published
 * by the thread that follows the configuration: a listener that takes long delays the
 * next change. Never holds a value.
 */
@SuppressWarnings("serial")
public class EtcdConfigChangedEvent extends ApplicationEvent {

	private final long revision;

	private final List<Change> changes;

	/**
	 * Create an event.
	 * @param source who publishes it
	 * @param revision the revision of etcd that counts now
	 * @param changes what has changed
	 */
	public EtcdConfigChangedEvent(Object source, long revision, List<Change> changes) {
		super(source);
		this.revision = revision;
		this.changes = List.copyOf(changes);
	}

	/**
	 * The revision of etcd that counts now.
	 * @return the revision
	 */
	public long getRevision() {
		return this.revision;
	}

	/**
	 * What has changed, by the names of the properties.
	 * @return the changes, at least one
	 */
	public List<Change> getChanges() {
		return this.changes;
	}

	/**
	 * The value of a property is another one.
	 *
	 * @param key the name of the property
	 * @param oldOrigin where it stood, or {@code null} if it was not set
	 * @param newOrigin where it stands, or {@code null} if it is not set any more
	 */
	public record Change(String key, @Nullable Origin oldOrigin, @Nullable Origin newOrigin) {
	}

}
