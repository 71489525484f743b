package io.github.etcddiscovery.coordination.autoconfigure;

import io.github.etcddiscovery.client.EtcdProperties;
import io.github.etcddiscovery.coordination.actuate.EtcdLeadershipEndpoint;
import io.github.etcddiscovery.coordination.actuate.LeadershipInfoContributor;
import io.github.etcddiscovery.coordination.leader.Elections;

import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.actuate.autoconfigure.info.ConditionalOnEnabledInfoContributor;
import org.springframework.boot.actuate.info.InfoContributor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Auto-configuration for the leadership endpoint.
 */
@AutoConfiguration(after = EtcdCoordinationAutoConfiguration.class)
@ConditionalOnBean(Elections.class)
@ConditionalOnClass(ConditionalOnAvailableEndpoint.class)
public final class EtcdLeadershipEndpointAutoConfiguration {

	@Bean
	@ConditionalOnAvailableEndpoint
	@ConditionalOnMissingBean
	EtcdLeadershipEndpoint etcdLeadershipEndpoint(Elections elections, EtcdProperties properties) {
		return new EtcdLeadershipEndpoint(elections, properties.requestTimeout());
	}

	/**
	 * Enabled by {@code management.info.etcd.enabled}, as is the information about the
	 * registration.
	 */
	@Configuration(proxyBeanMethods = false)
	@ConditionalOnClass(InfoContributor.class)
	static class InfoConfiguration {

		@Bean
		@ConditionalOnEnabledInfoContributor("etcd")
		@ConditionalOnMissingBean
		LeadershipInfoContributor etcdLeadershipInfoContributor(Elections elections) {
			return new LeadershipInfoContributor(elections);
		}

	}

}
