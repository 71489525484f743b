package io.github.etcddiscovery.coordination.autoconfigure;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

import io.github.etcddiscovery.client.EtcdConnection;
import io.github.etcddiscovery.client.EtcdLoops;
import io.github.etcddiscovery.client.EtcdProperties;
import io.github.etcddiscovery.client.JetcdLeaseStore;
import io.github.etcddiscovery.client.JetcdListerWatcher;
import io.github.etcddiscovery.client.JetcdQueueStore;
import io.github.etcddiscovery.coordination.Coordination;
import io.github.etcddiscovery.coordination.CoordinationProperties;
import io.github.etcddiscovery.coordination.FencingToken;
import io.github.etcddiscovery.coordination.leader.Elections;
import io.github.etcddiscovery.coordination.leader.ElectionsLifecycle;
import io.github.etcddiscovery.coordination.leader.LeaderOnlyPostProcessor;
import io.github.etcddiscovery.coordination.leader.LeaderProperties;
import io.github.etcddiscovery.coordination.leader.Leadership;
import io.github.etcddiscovery.coordination.leader.LeadershipEvent;
import io.github.etcddiscovery.coordination.leader.LeadershipListener;
import io.github.etcddiscovery.coordination.lock.LockListener;
import io.github.etcddiscovery.coordination.lock.LockLostEvent;
import io.github.etcddiscovery.coordination.lock.LockToken;
import io.github.etcddiscovery.coordination.lock.Locks;
import io.github.etcddiscovery.core.Monitor;
import io.github.etcddiscovery.lease.ProcessLease;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;

/**
 * Auto-configuration for leader election and locks. They share the lease of the
 * registration, if the application registers itself.
 */
@AutoConfiguration(afterName = { "io.github.etcddiscovery.autoconfigure.EtcdClientAutoConfiguration",
		"io.github.etcddiscovery.autoconfigure.EtcdServiceRegistryAutoConfiguration" })
@ConditionalOnBooleanProperty(name = "spring.cloud.etcd.coordination.enabled", matchIfMissing = true)
@ConditionalOnBean(EtcdConnection.class)
@EnableConfigurationProperties({ CoordinationProperties.class, LeaderProperties.class })
public final class EtcdCoordinationAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	Coordination etcdCoordination(CoordinationProperties properties, EtcdProperties etcdProperties,
			EtcdConnection connection, EtcdLoops loops, ObjectProvider<ProcessLease> leases,
			ObjectProvider<Monitor> monitors, Environment environment) {
		ProcessLease shared = properties.sharesLease() ? leases.getIfAvailable() : null;
		ProcessLease lease = (shared != null) ? shared : lease(properties.ttlOrDefault(), connection, loops, monitors);
		return new Coordination(new JetcdQueueStore(connection), (range) -> new JetcdListerWatcher(connection, range),
				lease, properties.marginOf(lease.ttl()), loops.mirrors(), etcdProperties.requestTimeout(),
				properties.prefix(), (properties.id() != null) ? properties.id() : id(environment));
	}

	private static ProcessLease lease(Duration ttl, EtcdConnection connection, EtcdLoops loops,
			ObjectProvider<Monitor> monitors) {
		return new ProcessLease(new JetcdLeaseStore(connection, ttl), loops.leases(), ttl,
				Monitor.of(monitors.orderedStream()));
	}

	/**
	 * For people who want to know who leads. It need not be unique.
	 */
	private static String id(Environment environment) {
		return "%s@%s:%d".formatted(environment.getProperty("spring.application.name", "application"), host(),
				ProcessHandle.current().pid());
	}

	private static String host() {
		try {
			return InetAddress.getLocalHost().getHostName();
		}
		catch (UnknownHostException ex) {
			return "unknown";
		}
	}

	@Bean
	@ConditionalOnMissingBean
	Elections etcdElections(Coordination coordination, LeaderProperties properties,
			ObjectProvider<LeadershipListener> listeners, ApplicationEventPublisher publisher) {
		List<LeadershipListener> all = Stream
			.concat(listeners.orderedStream(), Stream.of(new LeadershipEventPublisher(publisher)))
			.toList();
		return new Elections(coordination, properties, Clock.systemUTC(), all);
	}

	@Bean
	static LeaderOnlyPostProcessor etcdLeaderOnlyPostProcessor(Environment environment) {
		return new LeaderOnlyPostProcessor(
				environment.getProperty("spring.aop.proxy-target-class", Boolean.class, true));
	}

	@Bean
	ElectionsLifecycle etcdElectionsLifecycle(ApplicationContext context,
			ObjectProvider<ApplicationAvailability> availability, Elections elections,
			LeaderOnlyPostProcessor annotated, ObjectProvider<CampaignedRoles> roles) {
		return new ElectionsLifecycle(context, availability.getIfAvailable(), elections, () -> {
			Set<String> all = new HashSet<>(annotated.roles());
			roles.forEach((some) -> all.addAll(some.roles()));
			return all;
		});
	}

	@Bean
	@ConditionalOnMissingBean
	Locks etcdLocks(Coordination coordination, EtcdLoops loops, ObjectProvider<LockListener> listeners,
			ApplicationEventPublisher publisher) {
		LockListener events = new LockListener() {

			@Override
			public void lost(LockToken token, String reason) {
				loops.events().execute(() -> publisher.publishEvent(new LockLostEvent(token, reason)));
			}

		};
		return new Locks(coordination, Stream.concat(listeners.orderedStream(), Stream.of(events)).toList());
	}

	/**
	 * Roles that this process campaigns for from the start.
	 *
	 * @param roles the roles
	 */
	record CampaignedRoles(Collection<String> roles) {
	}

	private record LeadershipEventPublisher(ApplicationEventPublisher publisher) implements LeadershipListener {

		@Override
		public void granted(Leadership leadership, FencingToken token) {
			this.publisher.publishEvent(new LeadershipEvent(leadership, token, true));
		}

		@Override
		public void revoked(Leadership leadership, FencingToken token) {
			this.publisher.publishEvent(new LeadershipEvent(leadership, token, false));
		}

	}

}
