package io.github.etcddiscovery.catalog;

import java.util.List;

import io.github.etcddiscovery.core.EscapedText;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.InvalidInstanceException;
import io.github.etcddiscovery.watch.Entry;
import org.jspecify.annotations.Nullable;

/**
 * The result of reading a value: instances, or the reason why there are none. Immutable.
 *
 * @param instances the instances
 * @param rejection why the value is passed over, or {@code null} if it was read
 */
record Decoded(List<EtcdServiceInstance> instances, @Nullable String rejection) {

	/**
	 * Read an entry, unless it was already read when it arrived.
	 */
	static Decoded of(Entry entry, InstanceReader reader) {
		return (entry.content() instanceof Decoded decoded) ? decoded : decode(entry, reader);
	}

	/**
	 * Replace the value of an entry by what it describes. From any thread.
	 */
	static Entry read(Entry entry, InstanceReader reader) {
		return entry.read(decode(entry, reader));
	}

	/**
	 * The service of an entry. Instances that were read are of the service of their key.
	 * @throws InvalidInstanceException if the key does not name a service
	 */
	static String service(Entry entry, InstanceReader reader) {
		return (entry.content() instanceof Decoded decoded && !decoded.instances.isEmpty())
				? decoded.instances.get(0).getServiceId() : reader.key(entry.key()).service();
	}

	private static Decoded decode(Entry entry, InstanceReader reader) {
		try {
			return new Decoded(List.copyOf(reader.read(reader.key(entry.key()), entry.value())), null);
		}
		catch (InvalidInstanceException ex) {
			return new Decoded(List.of(), String.valueOf(ex.getMessage()));
		}
		catch (RuntimeException | StackOverflowError | LinkageError ex) {
			return new Decoded(List.of(), "a codec failed: " + EscapedText.of(ex.toString()));
		}
	}

}
