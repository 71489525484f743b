/**
 * Channels and servers of gRPC in applications with Spring's gRPC.
 */
package io.github.etcddiscovery.grpc.it;
