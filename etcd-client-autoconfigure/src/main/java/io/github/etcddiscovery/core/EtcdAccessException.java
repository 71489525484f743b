package io.github.etcddiscovery.core;

import java.util.concurrent.CompletionException;

import org.jspecify.annotations.Nullable;

/**
 * etcd could not be reached, or refused a request. Futures fail with this exception. Its
 * message is a sentence for the log: it never contains a password and needs no stack
 * trace.
 */
public class EtcdAccessException extends RuntimeException {

	private final Kind kind;

	/**
	 * Create a failure.
	 * @param kind what went wrong
	 * @param message a sentence for people, without its full stop
	 * @param cause the client library's exception, if there was one
	 */
	public EtcdAccessException(Kind kind, String message, @Nullable Throwable cause) {
		super(message, cause, true, false);
		this.kind = kind;
	}

	/**
	 * Unwrap the failure of a future.
	 * @param failure the exception that the future failed with
	 * @return the failure itself, or one of kind {@link Kind#OTHER} for anything else
	 */
	public static EtcdAccessException of(Throwable failure) {
		Throwable cause = (failure instanceof CompletionException && failure.getCause() != null) ? failure.getCause()
				: failure;
		return (cause instanceof EtcdAccessException known) ? known
				: new EtcdAccessException(Kind.OTHER, String.valueOf(cause), cause);
	}

	/**
	 * The kind of failure, which decides what to do next.
	 * @return the kind
	 */
	public Kind getKind() {
		return this.kind;
	}

	/**
	 * The message and what a person can do about it.
	 * @return two sentences, without the last full stop
	 */
	public String describe() {
		return getMessage() + ". " + getAdvice();
	}

	/**
	 * What a person can do about it.
	 * @return a sentence without its full stop
	 */
	public String getAdvice() {
		return this.kind.advice;
	}

	/**
	 * The kinds of failure that etcd-discovery responds to differently.
	 */
	public enum Kind {

		/**
		 * No connection, or it broke.
		 */
		UNREACHABLE("Check that etcd runs and that 'spring.cloud.etcd.endpoints' names it"),

		/**
		 * etcd's certificate is not trusted, or etcd does not trust this application's.
		 */
		UNTRUSTED("Check the SSL bundle that 'spring.cloud.etcd.ssl.bundle' names, and the authority, the host names "
				+ "and the expiry of the certificates"),

		/**
		 * No answer within the deadline. etcd may have applied the request.
		 */
		TIMED_OUT("Check the network and etcd's load; 'spring.cloud.etcd.request-timeout' is the deadline"),

		/**
		 * The member that answered has no leader.
		 */
		NO_LEADER("Check that a majority of the etcd members is up"),

		/**
		 * The member that answered is a learner, which refuses almost every request.
		 */
		LEARNER("Name the members that vote in 'spring.cloud.etcd.endpoints', or promote the learner"),

		/**
		 * etcd refused the credentials or the token.
		 */
		UNAUTHENTICATED("Check 'spring.cloud.etcd.username' and 'spring.cloud.etcd.password', "
				+ "and whether authentication is enabled in etcd"),

		/**
		 * The user lacks a permission.
		 */
		PERMISSION_DENIED("Grant the etcd user of 'spring.cloud.etcd.username' the permission"),

		/**
		 * The key belongs to another live process.
		 */
		TAKEN("Give each process its own 'spring.cloud.etcd.discovery.instance-id'"),

		/**
		 * The lease has ended or was revoked.
		 */
		LEASE_NOT_FOUND("etcd-discovery grants a new lease"),

		/**
		 * etcd has compacted the requested revision away.
		 */
		COMPACTED("etcd-discovery lists the keys again"),

		/**
		 * etcd's database is full and refuses writes.
		 */
		NO_SPACE("Compact and defragment etcd, then disarm its NOSPACE alarm"),

		/**
		 * etcd asks for fewer requests.
		 */
		OVERLOADED("Check etcd's load"),

		/**
		 * A message is larger than this client accepts.
		 */
		TOO_LARGE("Raise 'spring.cloud.etcd.max-inbound-message-size'"),

		/**
		 * What this process knows contradicts what etcd says: the store was wiped,
		 * restored or replaced.
		 */
		INCOHERENT("etcd-discovery lists the keys again"),

		/**
		 * This process cancelled the request.
		 */
		CANCELLED("etcd-discovery retries"),

		/**
		 * Anything else.
		 */
		OTHER("Look into etcd's own log");

		private final String advice;

		Kind(String advice) {
			this.advice = advice;
		}

		/**
		 * Whether one side does not let the other in, which only a person can fix.
		 * @return {@code true} if retrying soon is pointless
		 */
		public boolean isRefusal() {
			return this == UNTRUSTED || this == UNAUTHENTICATED || this == PERMISSION_DENIED;
		}

	}

}
