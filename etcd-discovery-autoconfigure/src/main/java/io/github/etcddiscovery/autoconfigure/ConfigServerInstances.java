package io.github.etcddiscovery.autoconfigure;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;

import io.github.etcddiscovery.client.BlankIsUnset;
import io.github.etcddiscovery.client.BootstrapConnection;
import io.github.etcddiscovery.client.JetcdListerWatcher;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.discovery.EtcdDiscoveryClient;
import io.github.etcddiscovery.discovery.EtcdDiscoveryProperties;
import io.github.etcddiscovery.instance.AddressCodec;
import io.github.etcddiscovery.instance.InstancePlaces;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.instance.InvalidInstanceException;
import io.github.etcddiscovery.instance.JsonCodec;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.KeyRange;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.bootstrap.BootstrapContext;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.config.client.ConfigServerInstanceProvider;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * Finds the instances of the config server. Before there is an application context, they
 * are read from etcd over a connection that is closed again. Afterwards the catalog
 * answers, as Spring Cloud Config looks again whenever the catalog changes.
 */
final class ConfigServerInstances implements ConfigServerInstanceProvider.Function {

	private static final String PREFIX = "spring.cloud.etcd";

	private static final String[] SWITCHES = { "spring.cloud.discovery.enabled", PREFIX + ".enabled",
			PREFIX + ".discovery.enabled" };

	private final BootstrapContext bootstrap;

	private volatile @Nullable ConfigurableApplicationContext context;

	ConfigServerInstances(BootstrapContext bootstrap) {
		this.bootstrap = bootstrap;
	}

	void bootstrapped(ConfigurableApplicationContext context) {
		this.context = context;
	}

	@Override
	public List<ServiceInstance> apply(String serviceId) {
		Binder binder = Objects.requireNonNull(this.bootstrap.get(Binder.class));
		BindHandler handler = Objects.requireNonNull(this.bootstrap.getOrElse(BindHandler.class, BindHandler.DEFAULT));
		return apply(serviceId, binder, handler, LogFactory.getLog(getClass()));
	}

	/**
	 * Find the instances whose status is {@code UP}.
	 * @throws EtcdAccessException if etcd can't be read
	 */
	@Override
	public List<ServiceInstance> apply(String serviceId, Binder binder, BindHandler bindHandler, Log log) {
		ConfigurableApplicationContext context = this.context;
		EtcdDiscoveryClient client = (context != null && context.isActive())
				? context.getBeanProvider(EtcdDiscoveryClient.class).getIfAvailable() : null;
		if (client != null) {
			return client.getInstances(serviceId);
		}
		boolean enabled = Stream.of(SWITCHES).allMatch((name) -> binder.bind(name, Boolean.class).orElse(true));
		return enabled ? read(serviceId, binder, bindHandler, log) : List.of();
	}

	private List<ServiceInstance> read(String serviceId, Binder binder, BindHandler parent, Log log) {
		BindHandler bindHandler = new BlankIsUnset(parent);
		EtcdDiscoveryProperties discovery = binder.bindOrCreate(PREFIX + ".discovery",
				Bindable.of(EtcdDiscoveryProperties.class), bindHandler);
		String prefix = discovery.prefix();
		InstanceReader reader = new InstanceReader(InstancePlaces.below(prefix),
				List.of(new JsonCodec(), new AddressCodec()), discovery.limits());
		List<ServiceInstance> instances = new ArrayList<>();
		for (Entry entry : entries(binder, parent, prefix, serviceId)) {
			try {
				instances.addAll(reader.read(reader.key(entry.key()), entry.value())
					.stream()
					.filter((instance) -> instance.getStatus() == InstanceStatus.UP)
					.toList());
			}
			catch (InvalidInstanceException ex) {
				log.warn("'%s' is passed over: %s".formatted(entry.key(), ex.getMessage()));
			}
		}
		return instances;
	}

	private static List<Entry> entries(Binder binder, BindHandler handler, String prefix, String serviceId) {
		String key = prefix + "/" + serviceId;
		try (BootstrapConnection bootstrap = new BootstrapConnection(binder, handler, null)) {
			return Stream.of(KeyRange.single(key), KeyRange.prefix(key + "/"))
				.map((range) -> new JetcdListerWatcher(bootstrap.connection(), range).list().join())
				.flatMap((snapshot) -> snapshot.entries().values().stream())
				.toList();
		}
		catch (CompletionException ex) {
			EtcdAccessException failure = EtcdAccessException.of(ex);
			throw new EtcdAccessException(failure.getKind(),
					"The config server '%s' cannot be looked up: %s".formatted(serviceId, failure.getMessage()),
					failure);
		}
	}

}
