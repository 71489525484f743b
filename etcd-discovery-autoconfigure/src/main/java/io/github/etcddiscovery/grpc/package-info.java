/**
 * gRPC channels that follow a service, and the registration of gRPC servers.
 */
@NullMarked
package io.github.etcddiscovery.grpc;

import org.jspecify.annotations.NullMarked;
