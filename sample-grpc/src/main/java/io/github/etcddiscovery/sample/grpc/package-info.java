/**
 * A small service that registers itself in etcd and calls itself by gRPC.
 */
@NullMarked
package io.github.etcddiscovery.sample.grpc;

import org.jspecify.annotations.NullMarked;
