/**
 * What Spring Boot's health endpoint says of etcd.
 */
@NullMarked
package io.github.etcddiscovery.health;

import org.jspecify.annotations.NullMarked;
