package io.github.etcddiscovery.coordination.autoconfigure;

import io.github.etcddiscovery.coordination.autoconfigure.EtcdCoordinationAutoConfiguration.CampaignedRoles;
import io.github.etcddiscovery.coordination.integration.EtcdLeaderInitiator;
import io.github.etcddiscovery.coordination.integration.EtcdLockRegistry;
import io.github.etcddiscovery.coordination.lock.Locks;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.integration.leader.Candidate;
import org.springframework.integration.leader.event.DefaultLeaderEventPublisher;
import org.springframework.integration.leader.event.LeaderEventPublisher;
import org.springframework.integration.support.locks.LockRegistry;

/**
 * Auto-configuration for Spring Integration's leader election and lock registry.
 */
@AutoConfiguration(after = EtcdCoordinationAutoConfiguration.class)
@ConditionalOnClass({ LockRegistry.class, Candidate.class })
@ConditionalOnBean(Locks.class)
public final class EtcdCoordinationIntegrationAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean(LockRegistry.class)
	EtcdLockRegistry etcdLockRegistry(Locks locks) {
		return new EtcdLockRegistry(locks);
	}

	@Bean
	@ConditionalOnMissingBean
	EtcdLeaderInitiator etcdLeaderInitiator(ObjectProvider<Candidate> candidates,
			ObjectProvider<LeaderEventPublisher> publishers, ApplicationEventPublisher publisher) {
		return new EtcdLeaderInitiator(candidates.orderedStream().toList(),
				publishers.getIfUnique(() -> new DefaultLeaderEventPublisher(publisher)));
	}

	@Bean
	CampaignedRoles etcdCandidateRoles(EtcdLeaderInitiator initiator) {
		return new CampaignedRoles(initiator.roles());
	}

}
