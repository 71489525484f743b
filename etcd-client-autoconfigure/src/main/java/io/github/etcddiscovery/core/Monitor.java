package io.github.etcddiscovery.core;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Measures operations on etcd: it is called when one begins and when it ends. Calls come
 * on any thread, including event loops, so a monitor must not block.
 */
@FunctionalInterface
public interface Monitor {

	/**
	 * Measures nothing.
	 */
	Monitor NONE = (operation, subject) -> (failure) -> {
	};

	/**
	 * An operation begins.
	 * @param operation the kind of operation
	 * @param subject the key, the range of keys or the lease that it concerns
	 * @return to be called once, when the operation ends
	 */
	Ending begin(Operation operation, String subject);

	/**
	 * Combine monitors. An exception that one of them throws is logged at DEBUG and
	 * affects nothing else.
	 * @param monitors the monitors to call
	 * @return one monitor that calls them all
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
		 * From the call that registers until the key is in etcd, or the first try has
		 * failed.
		 */
		REGISTER,

		/**
		 * From the call that deregisters until the key is gone, or the first try has
		 * failed.
		 */
		DEREGISTER,

		/**
		 * One renewal of the lease.
		 */
		RENEW,

		/**
		 * From listing a range until its watch is set up.
		 */
		LIST

	}

	/**
	 * Receives the outcome of an operation.
	 */
	@FunctionalInterface
	interface Ending {

		/**
		 * The operation has ended.
		 * @param failure why it failed, or {@code null} if it succeeded
		 */
		void ended(@Nullable EtcdAccessException failure);

	}

}
