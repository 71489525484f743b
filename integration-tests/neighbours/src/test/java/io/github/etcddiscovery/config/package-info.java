/**
 * Finding the config server through etcd.
 */
@NullMarked
package io.github.etcddiscovery.config;

import org.jspecify.annotations.NullMarked;
