package io.github.etcddiscovery.core;

import java.util.concurrent.CompletionException;

import org.jspecify.annotations.Nullable;

/**
 * etcd could not be reached or refused what was asked of it. Futures fail with it; its
 * message is a sentence for the log, never holds a password and needs no stack trace.
 */
public class EtcdAccessException extends RuntimeException {

	private final Kind kind;

	/**
	 * Create a failure.
	 * @param kind what went wrong
	 * @param message the sentence for people
	 * @param cause the client library's exception, if there was one
	 */
	public EtcdAccessException(Kind kind, String message, @Nullable Throwable cause) {
		super(message, cause, true, false);
		this.kind = kind;
	}

	/**
	 * The failure behind what a future failed with.
	 * @param failure what it failed with
	 * @return the failure itself, or one of kind {@link Kind#OTHER} for anything else
	 */
	public static EtcdAccessException of(Throwable failure) {
		Throwable cause = (failure instanceof CompletionException && failure.getCause() != null) ? failure.getCause()
				: failure;
		return (cause instanceof EtcdAccessException known) ? known
				: new EtcdAccessException(Kind.OTHER, String.valueOf(cause), cause);
	}

	/**
	 * What went wrong, as far as it decides what to do next.
	 * @return the kind
	 */
	public Kind getKind() {
		return this.kind;
	}

	/**
	 * The message and what a person can do about it.
	 * @return two sentences
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
	 * The kinds of failure that are answered differently.
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
				+ "and the end of the certificates"),

		/**
		 * No answer within the deadline; the request may have been applied.
		 */
		TIMED_OUT("Check the network and etcd's load; 'spring.cloud.etcd.request-timeout' is the deadline"),

		/**
		 * The member that answered has no leader.
		 */
		NO_LEADER("Check that a majority of the etcd members is up"),

		/**
		 * The member that answered is a learner, which answers almost nothing.
		 */
		LEARNER("Name the members that vote in 'spring.cloud.etcd.endpoints', or promote the learner"),

		/**
		 * The credentials or the token were refused.
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
		 * The revision asked for is no longer kept.
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
		 * A message is larger than this client takes.
		 */
		TOO_LARGE("Raise 'spring.cloud.etcd.max-inbound-message-size'"),

		/**
		 * The view of the store no longer fits what etcd says: it was wiped, restored or
		 * replaced.
		 */
		INCOHERENT("etcd-discovery lists the keys again"),

		/**
		 * The request was given up on this side.
		 */
		CANCELLED("etcd-discovery tries again"),

		/**
		 * Anything else.
		 */
		OTHER("Look into etcd's own log");

		private final String advice;

		Kind(String advice) {
			this.advice = advice;
		}

		/**
		 * Whether one side does not let the other in, which only people can mend.
		 * @return {@code true} if trying again soon is of no use
		 */
		public boolean isRefusal() {
			return this == UNTRUSTED || this == UNAUTHENTICATED || this == PERMISSION_DENIED;
		}

	}

}
