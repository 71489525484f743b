/**
 * A load test of whole applications: what callers notice of deployments, crashes and
 * outages.
 */
@NullMarked
package io.github.etcddiscovery.proof;

import org.jspecify.annotations.NullMarked;
