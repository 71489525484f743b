package io.github.etcddiscovery.config;

import java.util.List;
import java.util.stream.Collectors;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.watch.KeyRange;

/**
 * The user may not read the keys of an import.
 */
final class ReadDeniedException extends EtcdAccessException {

	private final List<KeyRange> ranges;

	private final String user;

	/**
	 * Create an exception.
	 * @param ranges the ranges that may not be read
	 * @param user the user, or an empty string if there is none
	 * @param cause the answer of etcd
	 */
	ReadDeniedException(List<KeyRange> ranges, String user, EtcdAccessException cause) {
		super(Kind.PERMISSION_DENIED,
				"etcd does not let %s read %s".formatted(
						user.isEmpty() ? "this application" : "the user '%s'".formatted(user),
						ranges.stream().map((range) -> "'" + range.key() + "'").collect(Collectors.joining(" and "))),
				cause);
		this.ranges = List.copyOf(ranges);
		this.user = user;
	}

	/**
	 * The commands that grant the missing permissions, to be pasted into a shell.
	 */
	@Override
	public String getAdvice() {
		String role = this.user.isEmpty() ? "ROLE" : this.user;
		return "Grant it to a role of the user: " + this.ranges.stream()
			.map((range) -> "etcdctl role grant-permission %s read %s%s".formatted(role, quoted(range.key()),
					range.prefix() ? " --prefix" : ""))
			.collect(Collectors.joining("; "));
	}

	private static String quoted(String key) {
		return key.matches("[\\w./,:-]+") ? key : "'" + key.replace("'", "'\\''") + "'";
	}

}
