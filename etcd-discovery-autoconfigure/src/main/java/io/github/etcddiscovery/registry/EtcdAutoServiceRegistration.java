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

import org.springframework.beans.factory.SmartInitializingSingleton;
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
 * Registers the application when it accepts traffic, with the port on which it listens,
 * and deregisters it before the web server begins to shut down. While the application
 * refuses traffic in between, and for two seconds more, it is registered as out of
 * service, so that flapping readiness is not passed on.
 * <p>
 * Spring Cloud's base class registers when the web server has started and deregisters
 * when its sockets are closed. Here the lifecycle phase and Spring Boot's readiness
 * decide.
 */
public class EtcdAutoServiceRegistration extends AbstractAutoServiceRegistration<EtcdRegistration>
		implements SmartLifecycle, SmartInitializingSingleton {

	/**
	 * Stops before the graceful shutdown of the web server and of the management server,
	 * whose phase is 512 higher.
	 */
	static final int PHASE = WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE + 768;

	/**
	 * How long the start may take before a log line says why the application is not
	 * registered yet.
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
	 * Whether a gRPC server is stopping or has stopped. Its port may change when it is
	 * started again.
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
	 * @param registry the registry to register with
	 * @param properties how to register
	 * @param autoProperties whether to register the management port
	 * @param source makes the instance of the management port
	 * @param customizers customize each instance last, in order
	 * @param registration the registration of the application
	 * @param availability whether the application accepts traffic already
	 * @param loop times the drain and the delay of readiness; not closed here
	 * @param lifecycles are called before and after registering and deregistering the
	 * application
	 * @param managementLifecycles are called before and after registering and
	 * deregistering the management port
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

	/**
	 * The servers start next.
	 */
	@Override
	public void afterSingletonsInstantiated() {
		prepareLease();
	}

	/**
	 * Requests the lease while the servers start, unless it takes a server to tell that
	 * there is something to register.
	 */
	private void prepareLease() {
		if (isEnabled() && (this.context instanceof WebServerApplicationContext || this.properties.port() != null)) {
			this.registry.prepare();
		}
	}

	private void tellOthers(boolean accepting) {
		this.registry.setAcceptingTraffic(this.registration, accepting);
		logger.info(accepting ? "In service again: the application accepts traffic"
				: "Out of service: the application refuses traffic");
	}

	/**
	 * Records how a server listens. It is too early to register.
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
	 * How a server listens. The factory that made it knows, however the server was
	 * configured.
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
	 * @param event the change, from any source; changes of child contexts are ignored
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
	 * Registers if the application accepts traffic already, because a context that is
	 * started again publishes no second event.
	 */
	@Override
	public synchronized void start() {
		this.started = true;
		this.leaving = false;
		this.notice = this.loop.schedule(this::sayWhatItWaitsFor, NOTICE_AFTER);
		if (this.availability.getReadinessState() == ReadinessState.ACCEPTING_TRAFFIC) {
			registerOnce();
		}
		else {
			prepareLease();
		}
	}

	/**
	 * Records that from now on only runners can keep the application from being ready.
	 * @param event the event of this context or of a child context
	 */
	@EventListener
	public void onApplicationStarted(ApplicationStartedEvent event) {
		if (event.getApplicationContext() == this.context) {
			this.applicationStarted = true;
		}
	}

	/**
	 * Log why the application is not registered yet. Takes no lock, since registering may
	 * wait for this loop.
	 */
	private void sayWhatItWaitsFor() {
		Object refusesTraffic = this.refusesTraffic;
		String reason;
		if (refusesTraffic != null) {
			reason = "the application refuses traffic, according to %s".formatted(refusesTraffic.getClass().getName());
		}
		else if (this.applicationStarted) {
			reason = "a runner has not returned (%s)"
				.formatted(Stream.concat(names(ApplicationRunner.class), names(CommandLineRunner.class))
					.collect(Collectors.joining(", ")));
		}
		else {
			reason = "the start of the application has not finished";
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
				// The application may be registered already, without its management port
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
		// Spring Cloud's health indicators wait for this event, registered or not
		this.context.publishEvent(new InstanceRegisteredEvent<>(this, this.properties));
	}

	/**
	 * A gRPC server has started, or there is none that other machines can call. The port
	 * of the server becomes metadata of the registration. Without a web server and a
	 * configured port, the gRPC server's port and address are those of the registration.
	 * @param server the server, or {@link LocalServer#NONE}
	 * @param metadata describes the server to callers
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
		else if (server.port() != 0) {
			this.registry.prepare();
		}
	}

	/**
	 * The gRPC server is about to stop: deregister, and register again only after it has
	 * restarted.
	 */
	public synchronized void grpcStops() {
		stop();
		this.awaitsGrpc = true;
	}

	/**
	 * The instance to register, as servers, properties and customizers make it now.
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
	 * Applies changed properties, such as metadata or the weight, under the same lease.
	 * Binds all properties again, whichever has changed, since their values may refer to
	 * it.
	 * @param event the names of the changed properties
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
					logger.warn("Still registered as %s: a new service name or instance id requires a restart"
						.formatted(last));
				}
				next = new EtcdServiceInstance(last.getServiceId(), registration.getInstanceId(), next.getHost(),
						next.getPort(), next.isSecure(), next.getStatus(), next.getMetadata(), next.isGrpcOnly());
			}
			this.registry.follow(registration, next);
		}
		catch (RuntimeException ex) {
			// An exception here would keep the event from other listeners
			logger.warn("Still registered as %s: %s".formatted(last,
					NestedExceptionUtils.getMostSpecificCause(ex).getMessage()));
		}
	}

	private static boolean hasSameName(EtcdServiceInstance one, EtcdServiceInstance other) {
		return one.getServiceId().equals(other.getServiceId())
				&& Objects.equals(one.getInstanceId(), other.getInstanceId());
	}

	/**
	 * Says goodbye, waits until callers have heard it, and deregisters.
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
	 * Whether the application was registered and is leaving now, whether or not etcd
	 * could be told.
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
			// Bounded, in case the loop is closed already
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
	 * Called only if {@link #shouldRegisterManagement()} returns {@code true}.
	 */
	@Override
	protected EtcdRegistration getManagementRegistration() {
		return Objects.requireNonNull(this.managementRegistration);
	}

	/**
	 * Uses the actual port of the management server, which may have been chosen at
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
