package io.github.etcddiscovery.autoconfigure;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.github.etcddiscovery.discovery.EtcdDiscoveryProperties;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import io.github.etcddiscovery.registry.CallsAnnouncement;
import io.github.etcddiscovery.registry.EtcdRegistration;
import io.github.etcddiscovery.registry.EtcdRegistrationProperties;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.cloud.client.discovery.event.InstanceRegisteredEvent;
import org.springframework.cloud.commons.util.InetUtils;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;

/**
 * Begins to tell others what this application calls as soon as it is known who it is: the
 * instance that it registers or, where it registers none, a name made of the host and the
 * process.
 */
final class CallsAnnouncementStarter implements ApplicationListener<InstanceRegisteredEvent<?>>, DisposableBean {

	private static final Log logger = LogFactory.getLog(CallsAnnouncementStarter.class);

	private final CallsAnnouncement announcement;

	private final ApplicationContext context;

	private final EtcdDiscoveryProperties properties;

	private final EtcdRegistrationProperties registrationProperties;

	private final ObjectProvider<EtcdRegistration> registrations;

	private final ObjectProvider<InetUtils> inetUtils;

	private final Duration wait;

	CallsAnnouncementStarter(CallsAnnouncement announcement, ServiceCatalog catalog, ApplicationContext context,
			EtcdDiscoveryProperties properties, EtcdRegistrationProperties registrationProperties,
			ObjectProvider<EtcdRegistration> registrations, ObjectProvider<InetUtils> inetUtils, Duration wait) {
		this.announcement = announcement;
		this.context = context;
		this.properties = properties;
		this.registrationProperties = registrationProperties;
		this.registrations = registrations;
		this.inetUtils = inetUtils;
		this.wait = wait;
		catalog.onLookUp(announcement::asked);
	}

	@Override
	public void onApplicationEvent(InstanceRegisteredEvent<?> event) {
		this.announcement.start(this.properties.consumersPrefix() + "/" + caller());
	}

	private String caller() {
		EtcdRegistration registration = this.registrations.getIfUnique();
		if (registration != null && registration.getPort() != 0) {
			return registration.getServiceId() + "/" + registration.getInstanceId();
		}
		String name = Objects.requireNonNullElseGet(this.registrationProperties.serviceName(),
				() -> this.context.getEnvironment().getProperty("spring.application.name", "application"));
		String id = Objects.requireNonNullElseGet(this.registrationProperties.instanceId(),
				() -> host() + "-" + ProcessHandle.current().pid());
		return name.replace('/', '-') + "/" + id;
	}

	private String host() {
		InetUtils found = this.inetUtils.getIfAvailable();
		return (found != null) ? found.findFirstNonLoopbackHostInfo().getHostname() : "localhost";
	}

	@Override
	public void destroy() {
		try {
			this.announcement.close().get(this.wait.toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		catch (ExecutionException | TimeoutException ex) {
			logger.debug("What this application calls is still in etcd; it goes when the lease ends");
		}
	}

}
