/**
 * The tutorial: its page for Spring users, and its scenes with the Node client.
 */
@NullMarked
package io.github.etcddiscovery.tutorial;

import org.jspecify.annotations.NullMarked;
