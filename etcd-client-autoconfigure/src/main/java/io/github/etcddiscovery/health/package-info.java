/**
 * The health of the connection to etcd, for Spring Boot's health endpoint.
 */
@NullMarked
package io.github.etcddiscovery.health;

import org.jspecify.annotations.NullMarked;
