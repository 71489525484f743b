package io.github.etcddiscovery.client;

import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;

import javax.net.ssl.SSLException;

import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.core.EtcdAccessException.Kind;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import org.jspecify.annotations.Nullable;

/**
 * The one place that translates gRPC's exceptions into an {@link EtcdAccessException}.
 * Many errors of etcd differ only in their text; the texts are those of its
 * {@code api/v3rpc/rpctypes} package.
 */
final class EtcdFailures {

	private EtcdFailures() {
	}

	static EtcdAccessException translate(Throwable failure, String endpoints) {
		Throwable cause = unwrap(failure);
		if (cause instanceof EtcdAccessException known) {
			return known;
		}
		String text = textOf(cause);
		Kind kind = kindOf(cause, text.toLowerCase(Locale.ROOT));
		return new EtcdAccessException(kind, message(kind, text, cause, endpoints), cause);
	}

	/**
	 * Whether etcd refused the user, the password or the token.
	 */
	static boolean isUnauthenticated(Status status) {
		return translate(status.asRuntimeException(), "").getKind() == Kind.UNAUTHENTICATED;
	}

	/**
	 * Whether etcd refused a token, or the lack of one. User and password may still be
	 * right.
	 */
	static boolean isTokenRefused(EtcdAccessException failure) {
		String text = textOf((failure.getCause() != null) ? failure.getCause() : failure).toLowerCase(Locale.ROOT);
		return text.contains("invalid auth token") || text.contains("user name is empty")
				|| text.contains("revision of auth store is old");
	}

	/**
	 * Whether authentication is disabled in etcd, so that no log-in succeeds.
	 */
	static boolean isAuthenticationDisabled(Throwable failure) {
		return textOf(failure).toLowerCase(Locale.ROOT).contains("authentication is not enabled");
	}

	private static Throwable unwrap(Throwable failure) {
		Throwable cause = failure;
		while ((cause instanceof CompletionException || cause instanceof ExecutionException)
				&& cause.getCause() != null) {
			cause = cause.getCause();
		}
		return cause;
	}

	private static Kind kindOf(Throwable cause, String text) {
		if (text.contains("required revision has been compacted")) {
			return Kind.COMPACTED;
		}
		if (cause instanceof CancellationException || text.contains("channel shutdown")) {
			return Kind.CANCELLED;
		}
		if (text.contains("not supported for learner")) {
			return Kind.LEARNER;
		}
		if (text.contains("requested lease not found")) {
			return Kind.LEASE_NOT_FOUND;
		}
		if (text.contains("etcdserver: permission denied")) {
			return Kind.PERMISSION_DENIED;
		}
		if (text.contains("authentication failed") || text.contains("invalid auth token")
				|| text.contains("user name is empty") || text.contains("authentication is not enabled")
				|| text.contains("revision of auth store is old")) {
			return Kind.UNAUTHENTICATED;
		}
		if (text.contains("database space exceeded")) {
			return Kind.NO_SPACE;
		}
		if (text.contains("too many requests")) {
			return Kind.OVERLOADED;
		}
		if (text.contains("no leader") || text.contains("leader changed")) {
			return Kind.NO_LEADER;
		}
		// What etcd says of a deadline of ours that has passed on its side, with UNKNOWN
		if (text.contains("etcdserver: request timed out") || text.contains("context deadline exceeded")) {
			return Kind.TIMED_OUT;
		}
		if (isTlsFailure(cause)) {
			return Kind.UNTRUSTED;
		}
		if (text.contains("channel closed")) {
			return Kind.UNREACHABLE;
		}
		// The texts of gRPC in Java and in Go
		if (text.contains("exceeds maximum") || text.contains("larger than max")) {
			return Kind.TOO_LARGE;
		}
		return kindOf(statusOf(cause));
	}

	private static Kind kindOf(Status.@Nullable Code code) {
		if (code == null) {
			return Kind.OTHER;
		}
		return switch (code) {
			case UNAVAILABLE -> Kind.UNREACHABLE;
			case DEADLINE_EXCEEDED -> Kind.TIMED_OUT;
			case UNAUTHENTICATED -> Kind.UNAUTHENTICATED;
			case PERMISSION_DENIED -> Kind.PERMISSION_DENIED;
			case CANCELLED -> Kind.CANCELLED;
			default -> Kind.OTHER;
		};
	}

	private static Status.@Nullable Code statusOf(@Nullable Throwable failure) {
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			if (cause instanceof StatusRuntimeException status) {
				return withoutBlame(status.getStatus().getCode(), status.getCause());
			}
			if (cause instanceof StatusException status) {
				return status.getStatus().getCode();
			}
		}
		return null;
	}

	/**
	 * The status behind {@code UNAUTHENTICATED}, which gRPC also reports when the log-in
	 * got no answer.
	 */
	private static Status.Code withoutBlame(Status.Code code, @Nullable Throwable cause) {
		Status.Code inner = (code == Status.Code.UNAUTHENTICATED) ? statusOf(cause) : null;
		return (inner == Status.Code.UNAVAILABLE || inner == Status.Code.DEADLINE_EXCEEDED) ? inner : code;
	}

	/**
	 * The messages of all causes, because gRPC hides the useful one, such as a refused
	 * connection, behind "io exception".
	 */
	private static String textOf(Throwable failure) {
		StringBuilder text = new StringBuilder();
		for (Throwable cause = failure; cause != null && text.length() < 500; cause = cause.getCause()) {
			String message = cause.getMessage();
			if (message != null && text.indexOf(message) < 0) {
				text.append(text.isEmpty() ? "" : ": ").append(message.lines().findFirst().orElse(""));
			}
		}
		return text.toString();
	}

	private static boolean isTlsFailure(Throwable failure) {
		return Stream.iterate(failure, Objects::nonNull, Throwable::getCause).anyMatch(SSLException.class::isInstance);
	}

	/**
	 * Translate the TLS library's message into plain words.
	 */
	private static String explainTls(Throwable cause) {
		String reason = innermost(cause);
		if (reason.contains("certification path") || reason.contains("trust anchor")) {
			return "its certificate is not from a trusted authority (%s)".formatted(reason);
		}
		if (reason.contains("No subject alternative") || reason.contains("No name matching")) {
			return "its certificate is for another host (%s)".formatted(reason);
		}
		if (reason.contains("NotAfter:")) {
			return "its certificate has expired (%s)".formatted(reason);
		}
		if (reason.contains("fatal alert")) {
			return "it refused this application's certificate or requires one (%s)".formatted(reason);
		}
		return reason;
	}

	private static String message(Kind kind, String text, Throwable cause, String endpoints) {
		return switch (kind) {
			case UNREACHABLE -> "etcd can't be reached at %s (%s)".formatted(endpoints, broken(cause, endpoints));
			case UNTRUSTED -> "TLS to etcd at %s failed: %s".formatted(endpoints, explainTls(cause));
			case TIMED_OUT -> "etcd at %s did not answer in time".formatted(endpoints);
			case UNAUTHENTICATED -> "etcd at %s refused the credentials (%s)".formatted(endpoints, innermost(cause));
			case PERMISSION_DENIED -> "etcd at %s refused: permission denied".formatted(endpoints);
			case LEARNER -> "a member of etcd at %s is a learner and refused".formatted(endpoints);
			default -> text.isEmpty() ? cause.getClass().getSimpleName() : text;
		};
	}

	/**
	 * Why the connection broke. A server without TLS closes or resets a connection that
	 * begins with a TLS handshake, depending on how much it has read. A crashing server
	 * does the same, so the message only says "perhaps".
	 */
	private static String broken(Throwable cause, String endpoints) {
		String reason = innermost(cause);
		boolean reset = endpoints.startsWith("https:") && reason.contains("onnection reset");
		return reset ? reason + "; perhaps only one of the two speaks TLS" : reason;
	}

	private static String innermost(Throwable failure) {
		Throwable cause = failure;
		while (cause.getCause() != null && cause.getCause() != cause) {
			cause = cause.getCause();
		}
		if (cause instanceof ClosedChannelException) {
			return "it closed the connection at once; perhaps only one of the two speaks TLS";
		}
		if (cause instanceof UnresolvedAddressException) {
			return "its name can't be resolved";
		}
		String message = cause.getMessage();
		return (message != null) ? message.lines().findFirst().orElse("") : cause.getClass().getSimpleName();
	}

}
