/**
 * Channels of gRPC that follow a service, and servers of gRPC that are registered.
 */
@NullMarked
package io.github.etcddiscovery.grpc;

import org.jspecify.annotations.NullMarked;
