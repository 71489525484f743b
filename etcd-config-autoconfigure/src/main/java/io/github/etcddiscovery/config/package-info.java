/**
 * Configuration from etcd: where it is looked for, how it is read, and how a change of it
 * comes to count.
 */
@NullMarked
package io.github.etcddiscovery.config;

import org.jspecify.annotations.NullMarked;
