package io.github.etcddiscovery.grpc;

/**
 * Is told that the application leaves.
 */
@FunctionalInterface
public interface GrpcFarewell {

	/**
	 * The application begins to leave; it goes on answering for a while.
	 */
	void leave();

}
