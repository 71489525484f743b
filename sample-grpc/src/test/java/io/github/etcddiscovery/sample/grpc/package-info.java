/**
 * The gRPC sample as a whole, on a real etcd.
 */
@NullMarked
package io.github.etcddiscovery.sample.grpc;

import org.jspecify.annotations.NullMarked;
