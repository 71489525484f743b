/**
 * Tests of coordination on a real etcd.
 */
package io.github.etcddiscovery.coordination;
