package io.github.etcddiscovery.registry;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;

import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.boot.web.server.context.WebServerInitializedEvent;
import org.springframework.cloud.client.discovery.event.InstanceRegisteredEvent;
import org.springframework.cloud.client.serviceregistry.AbstractAutoServiceRegistration;
import org.springframework.cloud.client.serviceregistry.AutoServiceRegistrationProperties;
import org.springframework.cloud.client.serviceregistry.RegistrationLifecycle;
import org.springframework.cloud.client.serviceregistry.RegistrationManagementLifecycle;
import org.springframework.cloud.context.environment.EnvironmentChangeEvent;
import org.springframework.context.ApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.EventListener;
import org.springframework.core.NestedExceptionUtils;

/**
 * Registers the application when it accepts traffic, with the port it really has, and
 * takes it out again before the web server begins to shut down. While it refuses traffic
 * in between, it is registered as out of service, and for two seconds more: readiness
 * that flaps is not passed on.
 * <p>
 * Spring Cloud's base class does the one when the web server is up and the other when its
 * sockets are gone; here the lifecycle phase and Spring Boot's readiness decide.
 */
public class EtcdAutoServiceRegistration extends AbstractAutoServiceRegistration<EtcdRegistration>
		implements SmartLifecycle {

	/**
	 * Stopped before the web server's graceful shutdown, and before the management
	 * server's, which lies 512 above it.
	 */
	static final int PHASE = WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE + 768;

	private static final Log logger = LogFactory.getLog(EtcdAutoServiceRegistration.class);

	private final ApplicationContext context;

	private final EtcdServiceRegistry registry;

	private final EtcdRegistrationProperties properties;

	private final AutoServiceRegistrationProperties autoProperties;

	private final IntFunction<EtcdServiceInstance> managementInstances;

	private final EtcdRegistration registration;

	private final ApplicationAvailability availability;

	private final SteadyReadiness readiness;

	private @Nullable EtcdRegistration managementRegistration;

	private int webPort;

	private int managementPort;

	private boolean announced;

	private volatile boolean started;

	private volatile boolean leaving;

	/**
	 * Create an auto-registration.
	 * @param context the context whose readiness counts
	 * @param registry where to register
	 * @param properties how to register
	 * @param autoProperties whether to register the management port
	 * @param managementInstances makes the instance of the management port
	 * @param registration what is registered
	 * @param availability whether the application accepts traffic already
	 * @param loop the loop on which readiness that flaps comes to rest; not closed here
	 * @param lifecycles are told around registering and deregistering
	 * @param managementLifecycles are told around those of the management port
	 */
	public EtcdAutoServiceRegistration(ApplicationContext context, EtcdServiceRegistry registry,
			EtcdRegistrationProperties properties, AutoServiceRegistrationProperties autoProperties,
			IntFunction<EtcdServiceInstance> managementInstances, EtcdRegistration registration,
			ApplicationAvailability availability, EventLoop loop,
			List<RegistrationLifecycle<EtcdRegistration>> lifecycles,
			List<RegistrationManagementLifecycle<EtcdRegistration>> managementLifecycles) {
		super(context, registry, autoProperties, managementLifecycles, lifecycles);
		this.context = context;
		this.registry = registry;
		this.properties = properties;
		this.autoProperties = autoProperties;
		this.managementInstances = managementInstances;
		this.registration = registration;
		this.availability = availability;
		this.readiness = new SteadyReadiness(loop,
				(accepting) -> registry.setAcceptingTraffic(registration, accepting));
	}

	/**
	 * Notes the ports; it is too early to register.
	 */
	@Override
	public void onApplicationEvent(WebServerInitializedEvent event) {
		int port = Math.max(0, event.getWebServer().getPort());
		if ("management".equals(event.getApplicationContext().getServerNamespace())) {
			this.managementPort = port;
		}
		else if (event.getApplicationContext() == this.context) {
			this.webPort = port;
		}
	}

	/**
	 * Registers when the application begins to accept traffic, and tells others when it
	 * refuses it.
	 * @param event the change, whoever says so; that of a child context is passed over
	 */
	@EventListener
	public synchronized void onReadinessChange(AvailabilityChangeEvent<ReadinessState> event) {
		boolean ofOther = event.getSource() instanceof ApplicationContext other && other != this.context;
		if (ofOther || !this.started) {
			return;
		}
		boolean accepting = event.getState() == ReadinessState.ACCEPTING_TRAFFIC;
		if (accepting) {
			registerOnce();
		}
		if (getRunning().get()) {
			this.readiness.changed(accepting);
		}
	}

	/**
	 * Registers if the application accepts traffic already: a context that is started
	 * again says so no second time.
	 */
	@Override
	public synchronized void start() {
		this.started = true;
		this.leaving = false;
		if (this.availability.getReadinessState() == ReadinessState.ACCEPTING_TRAFFIC) {
			registerOnce();
		}
	}

	private synchronized void registerOnce() {
		if (getRunning().get()) {
			return;
		}
		EtcdServiceInstance instance = this.registration.renewed(this.webPort);
		if (instance.getPort() != 0) {
			this.registration.setInstance(instance);
			this.registration.setAcceptingTraffic(true);
			this.readiness.reset();
			if (this.managementPort > 0) {
				this.managementRegistration = new EtcdRegistration(this.managementInstances.apply(this.managementPort));
			}
			super.start();
			return;
		}
		if (this.announced) {
			return;
		}
		this.announced = true;
		logger.info("Not registered: there is no web server; set 'spring.cloud.etcd.discovery.port' to register");
		// Spring Cloud's health indicators wait for it, registered or not
		this.context.publishEvent(new InstanceRegisteredEvent<>(this, this.properties));
	}

	/**
	 * Takes changed properties over, such as metadata or the weight, under the same
	 * lease.
	 * @param event what changed
	 */
	@EventListener
	public synchronized void onEnvironmentChange(EnvironmentChangeEvent event) {
		boolean concerned = event.getKeys().stream().anyMatch((key) -> key.startsWith("spring.cloud.etcd.discovery."));
		if (!concerned || !getRunning().get()) {
			return;
		}
		EtcdServiceInstance last = this.registration.getInstance();
		EtcdServiceInstance next;
		try {
			next = this.registration.renewed(last.getPort());
		}
		catch (RuntimeException ex) {
			// Nobody else who listens to the event is to miss it
			logger.warn("Still registered as %s: %s".formatted(last,
					NestedExceptionUtils.getMostSpecificCause(ex).getMessage()));
			return;
		}
		if (!next.getServiceId().equals(last.getServiceId())
				|| !Objects.equals(next.getInstanceId(), last.getInstanceId())) {
			logger.warn("Still registered as %s: a new service name or instance id takes a restart".formatted(last));
			return;
		}
		this.registry.replace(this.registration, next);
	}

	/**
	 * Says goodbye, gives callers the time to hear it, and takes the registration out.
	 */
	@Override
	public synchronized void stop() {
		this.started = false;
		this.readiness.reset();
		this.leaving = getRunning().get();
		if (getRunning().get() && this.registry.sayGoodbye()) {
			drain();
		}
		super.stop();
	}

	/**
	 * Whether it has been registered and is leaving now, be it that etcd knows of it or
	 * not.
	 * @return {@code true} from the goodbye on
	 */
	public boolean isLeaving() {
		return this.leaving;
	}

	private void drain() {
		try {
			new CountDownLatch(1).await(this.properties.drain().toMillis(), TimeUnit.MILLISECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	@Override
	public boolean isRunning() {
		return this.started;
	}

	@Override
	public int getPhase() {
		return PHASE;
	}

	@Override
	public boolean isAutoStartup() {
		return true;
	}

	@Override
	public boolean isPauseable() {
		return false;
	}

	@Override
	protected EtcdRegistration getRegistration() {
		return this.registration;
	}

	/**
	 * Asked for only if {@link #shouldRegisterManagement()} says so.
	 */
	@Override
	protected EtcdRegistration getManagementRegistration() {
		return Objects.requireNonNull(this.managementRegistration);
	}

	/**
	 * Goes by the port that the management server has, which may have been chosen at
	 * random.
	 */
	@Override
	protected boolean shouldRegisterManagement() {
		return this.autoProperties.isRegisterManagement() && this.managementRegistration != null;
	}

	@Override
	@SuppressWarnings("deprecation")
	protected Object getConfiguration() {
		return this.properties;
	}

	@Override
	protected boolean isEnabled() {
		return this.properties.register();
	}

}
