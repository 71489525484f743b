/**
 * What each client of Spring Cloud does with the starter alone.
 */
package io.github.etcddiscovery.clients;
