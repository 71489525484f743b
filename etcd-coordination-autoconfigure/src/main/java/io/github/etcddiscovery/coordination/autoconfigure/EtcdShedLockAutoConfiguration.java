package io.github.etcddiscovery.coordination.autoconfigure;

import io.github.etcddiscovery.client.EtcdConnection;
import io.github.etcddiscovery.client.EtcdProperties;
import io.github.etcddiscovery.client.JetcdLeaseStore;
import io.github.etcddiscovery.coordination.Coordination;
import io.github.etcddiscovery.coordination.CoordinationProperties;
import io.github.etcddiscovery.coordination.shedlock.EtcdShedLockProvider;
import net.javacrumbs.shedlock.core.LockProvider;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * Auto-configuration for ShedLock with locks in etcd, unless the application has its own
 * lock provider.
 */
@AutoConfiguration(after = EtcdCoordinationAutoConfiguration.class)
@ConditionalOnClass(LockProvider.class)
@ConditionalOnBean(Coordination.class)
public final class EtcdShedLockAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean(LockProvider.class)
	EtcdShedLockProvider etcdShedLockProvider(EtcdConnection connection, EtcdProperties etcdProperties,
			CoordinationProperties properties, Coordination coordination) {
		return new EtcdShedLockProvider(new JetcdLeaseStore(connection, properties.ttlOrDefault()), properties.prefix(),
				coordination.id(), coordination.loop(), etcdProperties.requestTimeout());
	}

}
