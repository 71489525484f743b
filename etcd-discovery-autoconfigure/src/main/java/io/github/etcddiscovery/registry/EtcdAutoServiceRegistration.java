package io.github.etcddiscovery.registry;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.github.etcddiscovery.core.EventLoop;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.GrpcEndpoint;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.CommandLineRunner;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.boot.context.event.ApplicationStartedEvent;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.boot.web.server.AbstractConfigurableWebServerFactory;
import org.springframework.boot.web.server.Ssl;
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

	/**
	 * How long the start may take before somebody may wonder why it is not registered.
	 */
	static final Duration NOTICE_AFTER = Duration.ofSeconds(5);

	private static final Log logger = LogFactory.getLog(EtcdAutoServiceRegistration.class);

	private final ApplicationContext context;

	private final EtcdServiceRegistry registry;

	private final EtcdRegistrationProperties properties;

	private final AutoServiceRegistrationProperties autoProperties;

	private final RegistrationSource source;

	private final List<EtcdRegistrationCustomizer> customizers;

	private final EtcdRegistration registration;

	private final ApplicationAvailability availability;

	private final EventLoop loop;

	private final SteadyReadiness readiness;

	private @Nullable EtcdRegistration managementRegistration;

	private LocalServers servers = LocalServers.NONE;

	private @Nullable EtcdServiceInstance refused;

	private @Nullable Future<?> notice;

	private volatile boolean applicationStarted;

	private volatile @Nullable Object refusesTraffic;

	/**
	 * Whether a gRPC server stops or has stopped, whose port may be another one when it
	 * is started again.
	 */
	private boolean awaitsGrpc;

	private LocalServer grpc = LocalServer.NONE;

	private Map<String, String> grpcMetadata = Map.of();

	private boolean announced;

	private volatile boolean started;

	private volatile boolean leaving;

	/**
	 * Create an auto-registration.
	 * @param context the context whose readiness counts
	 * @param registry where to register
	 * @param properties how to register
	 * @param autoProperties whether to register the management port
	 * @param source makes the instance of the management port
	 * @param customizers have the last word on what is registered
	 * @param registration what is registered
	 * @param availability whether the application accepts traffic already
	 * @param loop the loop that times the drain, and on which readiness that flaps comes
	 * to rest; not closed here
	 * @param lifecycles are told around registering and deregistering
	 * @param managementLifecycles are told around those of the management port
	 */
	public EtcdAutoServiceRegistration(ApplicationContext context, EtcdServiceRegistry registry,
			EtcdRegistrationProperties properties, AutoServiceRegistrationProperties autoProperties,
			RegistrationSource source, List<EtcdRegistrationCustomizer> customizers, EtcdRegistration registration,
			ApplicationAvailability availability, EventLoop loop,
			List<RegistrationLifecycle<EtcdRegistration>> lifecycles,
			List<RegistrationManagementLifecycle<EtcdRegistration>> managementLifecycles) {
		super(context, registry, autoProperties, managementLifecycles, lifecycles);
		this.context = context;
		this.registry = registry;
		this.properties = properties;
		this.autoProperties = autoProperties;
		this.source = source;
		this.customizers = customizers;
		this.loop = loop;
		this.registration = registration;
		this.availability = availability;
		this.readiness = new SteadyReadiness(loop, this::tellOthers);
	}

	private void tellOthers(boolean accepting) {
		this.registry.setAcceptingTraffic(this.registration, accepting);
		logger.info(accepting ? "In service again: the application accepts traffic"
				: "Out of service: the application refuses traffic");
	}

	/**
	 * Notes how the servers listen; it is too early to register.
	 */
	@Override
	public synchronized void onApplicationEvent(WebServerInitializedEvent event) {
		if ("management".equals(event.getApplicationContext().getServerNamespace())) {
			this.servers = this.servers.withManagement(server(event));
		}
		else if (event.getApplicationContext() == this.context) {
			this.servers = this.servers.withWeb(server(event));
		}
	}

	/**
	 * What made the server knows how it listens, however it was configured.
	 */
	private static LocalServer server(WebServerInitializedEvent event) {
		int port = Math.max(0, event.getWebServer().getPort());
		return event.getApplicationContext()
			.getBeansOfType(AbstractConfigurableWebServerFactory.class, false, false)
			.values()
			.stream()
			.findFirst()
			.map((factory) -> new LocalServer(port, Ssl.isEnabled(factory.getSsl()), factory.getAddress()))
			.orElse(new LocalServer(port, false, null));
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
		this.refusesTraffic = accepting ? null : event.getSource();
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
		this.notice = this.loop.schedule(this::sayWhatItWaitsFor, NOTICE_AFTER);
		if (this.availability.getReadinessState() == ReadinessState.ACCEPTING_TRAFFIC) {
			registerOnce();
		}
	}

	/**
	 * Notes that only runners can keep the application from being ready.
	 * @param event the event of this context or a child of it
	 */
	@EventListener
	public void onApplicationStarted(ApplicationStartedEvent event) {
		if (event.getApplicationContext() == this.context) {
			this.applicationStarted = true;
		}
	}

	/**
	 * On the loop, which registering may wait for: takes no lock.
	 */
	private void sayWhatItWaitsFor() {
		Object refusesTraffic = this.refusesTraffic;
		String reason;
		if (refusesTraffic != null) {
			reason = "the application refuses traffic, says %s".formatted(refusesTraffic.getClass().getName());
		}
		else if (this.applicationStarted) {
			reason = "a runner has not returned (%s)"
				.formatted(Stream.concat(names(ApplicationRunner.class), names(CommandLineRunner.class))
					.collect(Collectors.joining(", ")));
		}
		else {
			reason = "the start of the application has not ended";
		}
		logger.info(("Not registered yet: %s. It registers when the application accepts traffic: "
				+ "see \"When it is registered\" in docs/spring.md")
			.formatted(reason));
	}

	private Stream<String> names(Class<?> type) {
		return Stream.of(this.context.getBeanNamesForType(type, true, false));
	}

	private void cancelNotice() {
		if (this.notice != null) {
			this.notice.cancel(false);
			this.notice = null;
		}
	}

	private synchronized void registerOnce() {
		if (getRunning().get() || this.awaitsGrpc) {
			return;
		}
		cancelNotice();
		EtcdServiceInstance instance = currentInstance();
		if (instance.getPort() != 0) {
			begin(this.registration, instance);
			this.registration.setAcceptingTraffic(true);
			this.readiness.reset();
			beginManagement();
			try {
				super.start();
			}
			catch (RuntimeException ex) {
				// The application may stand in etcd already, if not its management port
				takeBack();
				throw ex;
			}
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
	 * A server of gRPC listens, or none does that can be called from elsewhere. Its port
	 * becomes metadata of the registration; where there is no web server, and no port is
	 * set, it is the port of the registration, and the address that it listens on counts.
	 * @param server the server, or {@link LocalServer#NONE}
	 * @param metadata what callers are told of it
	 */
	public synchronized void grpcServes(LocalServer server, Map<String, String> metadata) {
		this.awaitsGrpc = false;
		this.grpc = server;
		this.grpcMetadata = new LinkedHashMap<>(metadata);
		if (getRunning().get()) {
			if (currentInstance().getPort() != 0) {
				follow(this.registration, this::currentInstance);
			}
		}
		else if (this.started && this.availability.getReadinessState() == ReadinessState.ACCEPTING_TRAFFIC) {
			registerOnce();
		}
	}

	/**
	 * The server of gRPC is about to stop: leave, and come back no sooner than it does.
	 */
	public synchronized void grpcStops() {
		stop();
		this.awaitsGrpc = true;
	}

	/**
	 * What is to be registered now.
	 */
	private EtcdServiceInstance currentInstance() {
		EtcdServiceInstance instance = this.registration.current(this.servers);
		if (this.grpc.port() == 0) {
			return customized(instance);
		}
		EtcdServiceInstance grpcOnly = this.registration.current(this.servers.withWeb(this.grpc));
		if (instance.getPort() == 0) {
			instance = grpcOnly.asGrpcOnly(this.grpc.secure());
		}
		Map<String, String> metadata = new LinkedHashMap<>(this.grpcMetadata);
		if (!grpcOnly.getHost().equals(instance.getHost())) {
			GrpcEndpoint.describeElsewhere(metadata, grpcOnly.getHost(), this.grpc.port());
		}
		metadata.putAll(instance.getMetadata());
		return customized(instance.withMetadata(metadata));
	}

	private EtcdServiceInstance customized(EtcdServiceInstance instance) {
		EtcdServiceInstance customized = instance;
		for (EtcdRegistrationCustomizer customizer : this.customizers) {
			customized = customizer.customize(customized);
		}
		return customized;
	}

	private static void begin(EtcdRegistration registration, EtcdServiceInstance instance) {
		synchronized (registration) {
			registration.follow(instance);
		}
	}

	private void beginManagement() {
		if (this.servers.management().port() == 0) {
			this.managementRegistration = null;
			return;
		}
		EtcdServiceInstance instance = managementInstance();
		if (this.managementRegistration == null) {
			this.managementRegistration = new EtcdRegistration(instance);
		}
		else {
			begin(this.managementRegistration, instance);
		}
	}

	private EtcdServiceInstance managementInstance() {
		return customized(this.source.management(this.registration.getInstance(), this.servers.management()));
	}

	private void takeBack() {
		this.leaving = true;
		if (this.registry.sayGoodbye()) {
			drain();
			this.registry.close();
		}
	}

	/**
	 * Takes changed properties over, such as metadata or the weight, under the same
	 * lease. Looks at all of them, whatever has changed: the values of ours may refer to
	 * it.
	 * @param event what changed
	 */
	@EventListener
	public synchronized void onEnvironmentChange(EnvironmentChangeEvent event) {
		if (!getRunning().get()) {
			return;
		}
		follow(this.registration, this::currentInstance);
		if (this.managementRegistration != null) {
			follow(this.managementRegistration, this::managementInstance);
		}
	}

	private void follow(EtcdRegistration registration, Supplier<EtcdServiceInstance> source) {
		EtcdServiceInstance last = registration.getInstance();
		try {
			EtcdServiceInstance next = source.get();
			if (!hasSameName(next, last)) {
				if (this.refused == null || !hasSameName(next, this.refused)) {
					this.refused = next;
					logger.warn("Still registered as %s: a new service name or instance id takes a restart"
						.formatted(last));
				}
				next = new EtcdServiceInstance(last.getServiceId(), registration.getInstanceId(), next.getHost(),
						next.getPort(), next.isSecure(), next.getStatus(), next.getMetadata(), next.isGrpcOnly());
			}
			this.registry.follow(registration, next);
		}
		catch (RuntimeException ex) {
			// Nobody else who listens to the event is to miss it
			logger.warn("Still registered as %s: %s".formatted(last,
					NestedExceptionUtils.getMostSpecificCause(ex).getMessage()));
		}
	}

	private static boolean hasSameName(EtcdServiceInstance one, EtcdServiceInstance other) {
		return one.getServiceId().equals(other.getServiceId())
				&& Objects.equals(one.getInstanceId(), other.getInstanceId());
	}

	/**
	 * Says goodbye, gives callers the time to hear it, and takes the registration out.
	 */
	@Override
	public synchronized void stop() {
		this.started = false;
		cancelNotice();
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
		Duration drain = this.properties.drain();
		if (drain.isZero()) {
			return;
		}
		logger.info("Out of service; waiting for %s, so that callers hear of it ('spring.cloud.etcd.discovery.drain')"
			.formatted(DurationStyle.SIMPLE.print(drain)));
		CountDownLatch heard = new CountDownLatch(1);
		this.loop.schedule(heard::countDown, drain);
		try {
			// Bounded, for the case that the loop is closed already
			heard.await(drain.plusSeconds(1).toMillis(), TimeUnit.MILLISECONDS);
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
