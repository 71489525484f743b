package io.github.etcddiscovery.grpc;

/**
 * Is told that the application leaves, and that it is back.
 */
public interface GrpcFarewell {

	/**
	 * The application begins to leave; it goes on answering for a while.
	 */
	void leave();

	/**
	 * The servers of the application listen, for the first time or again.
	 */
	void comeBack();

}
