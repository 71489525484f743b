/**
 * Leader election: campaigns, leaderships and methods that only the leader runs.
 */
@NullMarked
package io.github.etcddiscovery.coordination.leader;

import org.jspecify.annotations.NullMarked;
