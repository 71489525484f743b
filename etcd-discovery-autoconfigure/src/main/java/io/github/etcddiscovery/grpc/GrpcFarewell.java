package io.github.etcddiscovery.grpc;

/**
 * Is told when the application begins to leave, and when it is back.
 */
public interface GrpcFarewell {

	/**
	 * The application begins to leave, and still answers calls for a while.
	 */
	void leave();

	/**
	 * The gRPC servers of the application have started, for the first time or again.
	 */
	void comeBack();

}
