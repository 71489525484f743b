package io.github.etcddiscovery.core;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Is told when something is begun with etcd and how it ends, in order to measure it.
 * Called on any thread, also on loops: it must not block.
 */
@FunctionalInterface
public interface Monitor {

	/**
	 * Measures nothing.
	 */
	Monitor NONE = (operation, subject) -> (failure) -> {
	};

	/**
	 * Something begins.
	 * @param operation what it is
	 * @param subject the key, the range of keys or the lease that it is about
	 * @return is to be told once when it ends
	 */
	Ending begin(Operation operation, String subject);

	/**
	 * One monitor that tells others, none of which can do harm by an exception.
	 * @param monitors the others
	 * @return the monitor
	 */
	static Monitor of(Stream<Monitor> monitors) {
		Log logger = LogFactory.getLog(Monitor.class);
		List<Monitor> all = monitors.toList();
		return (operation, subject) -> {
			List<Ending> endings = new ArrayList<>();
			all.forEach((monitor) -> guard(logger, () -> endings.add(monitor.begin(operation, subject))));
			return (failure) -> endings.forEach((ending) -> guard(logger, () -> ending.ended(failure)));
		};
	}

	private static void guard(Log logger, Runnable call) {
		try {
			call.run();
		}
		catch (RuntimeException | Error ex) {
			logger.debug("A monitor failed", ex);
		}
	}

	/**
	 * What is measured.
	 */
	enum Operation {

		/**
		 * From the wish to register until the key stands, or the first try failed.
		 */
		REGISTER,

		/**
		 * From the wish to leave until the key is gone, or the first try failed.
		 */
		DEREGISTER,

		/**
		 * One renewal of the lease.
		 */
		RENEW,

		/**
		 * From the list of a range until its watch is set up.
		 */
		LIST

	}

	/**
	 * Is told how it ended.
	 */
	@FunctionalInterface
	interface Ending {

		/**
		 * It has ended.
		 * @param failure why it failed, or {@code null} if it succeeded
		 */
		void ended(@Nullable EtcdAccessException failure);

	}

}
