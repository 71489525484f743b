/**
 * The health of discovery and registration, for Spring Boot's health endpoint.
 */
@NullMarked
package io.github.etcddiscovery.health;

import org.jspecify.annotations.NullMarked;
