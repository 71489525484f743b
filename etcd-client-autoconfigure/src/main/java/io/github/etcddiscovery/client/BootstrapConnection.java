package io.github.etcddiscovery.client;

import java.util.List;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.autoconfigure.ssl.PropertiesSslBundle;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.ssl.DefaultSslBundleRegistry;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * A connection for use before there is an application context, configured by the
 * properties at that time. The context can take it over instead of opening another one.
 * Safe for use by any thread.
 */
public final class BootstrapConnection implements AutoCloseable {

	private static final String PREFIX = "spring.cloud.etcd";

	private final EtcdProperties properties;

	private final ReplaceableDetails details;

	private final EtcdClientFactory factory;

	private final EtcdConnection connection;

	private volatile Supplier<EtcdProperties> current;

	private volatile Supplier<SslBundles> bundles;

	/**
	 * Create a connection; it connects with the first request.
	 * @param binder binds the properties
	 * @param parent handles the rest of the binding
	 * @param details where etcd is, or {@code null} to use the properties
	 */
	public BootstrapConnection(Binder binder, BindHandler parent, @Nullable EtcdConnectionDetails details) {
		BindHandler handler = new BlankIsUnset(parent);
		this.properties = binder.bindOrCreate(PREFIX, Bindable.of(EtcdProperties.class), handler);
		SslBundles configured = bundles(this.properties.ssl().bundleInUse(), binder, handler);
		this.current = () -> this.properties;
		this.bundles = () -> configured;
		this.details = new ReplaceableDetails((details != null) ? details
				: new PropertiesEtcdConnectionDetails(() -> this.current.get(), new CurrentBundles()));
		this.factory = new EtcdClientFactory(this.properties, this.details, List.of(), List.of());
		this.connection = new EtcdConnection(this.factory, this.properties.requestTimeout());
	}

	/**
	 * The bundle that is in use, if it is configured. There are no bundles from beans
	 * yet.
	 */
	private static SslBundles bundles(@Nullable String name, Binder binder, BindHandler handler) {
		DefaultSslBundleRegistry registry = new DefaultSslBundleRegistry();
		if (name != null) {
			org.springframework.boot.autoconfigure.ssl.SslProperties.Bundles bundles = binder
				.bindOrCreate("spring.ssl", Bindable.of(org.springframework.boot.autoconfigure.ssl.SslProperties.class),
						handler)
				.getBundle();
			if (bundles.getPem().containsKey(name)) {
				registry.registerBundle(name, PropertiesSslBundle.get(bundles.getPem().get(name)));
			}
			else if (bundles.getJks().containsKey(name)) {
				registry.registerBundle(name, PropertiesSslBundle.get(bundles.getJks().get(name)));
			}
		}
		return registry;
	}

	/**
	 * Use the properties and SSL bundles of a context from now on.
	 * @param context the context, which may still be starting
	 */
	public void follow(ConfigurableApplicationContext context) {
		this.current = () -> Binder.get(context.getEnvironment(), new BlankIsUnset(BindHandler.DEFAULT))
			.bindOrCreate(PREFIX, EtcdProperties.class);
		SslBundles configured = this.bundles.get();
		this.bundles = () -> {
			SslBundles own = context.isActive() ? context.getBeanProvider(SslBundles.class).getIfUnique() : null;
			return (own != null) ? own : configured;
		};
	}

	/**
	 * Replace the connection details, for instance by those of a container that the
	 * context has started.
	 * @param other the details to use from now on
	 */
	public void leadTo(EtcdConnectionDetails other) {
		this.details.current = other;
		this.factory.refresh();
	}

	/**
	 * Whether other details name the same endpoints and the same user.
	 * @param other the details to compare with
	 * @return {@code true} if a connection with the other details would be equivalent
	 */
	public boolean isTo(EtcdConnectionDetails other) {
		return this.details.current == other || (this.details.getEndpoints().equals(other.getEndpoints())
				&& Objects.equals(this.details.getUsername(), other.getUsername())
				&& Objects.equals(this.details.getPassword(), other.getPassword()));
	}

	/**
	 * The properties that this connection was created with.
	 * @return the properties
	 */
	public EtcdProperties properties() {
		return this.properties;
	}

	/**
	 * The connection details.
	 * @return the details, which follow later changes
	 */
	public EtcdConnectionDetails details() {
		return this.details;
	}

	/**
	 * The factory of this connection's channels and clients.
	 * @return the factory, which is closed with this object
	 */
	public EtcdClientFactory factory() {
		return this.factory;
	}

	/**
	 * The connection.
	 * @return the connection, which is closed with this object
	 */
	public EtcdConnection connection() {
		return this.connection;
	}

	@Override
	public void close() {
		this.connection.close();
		this.factory.close();
	}

	/**
	 * The SSL bundles of the context as soon as there is one, until then the configured
	 * ones.
	 */
	private final class CurrentBundles implements SslBundles {

		private SslBundles current() {
			return BootstrapConnection.this.bundles.get();
		}

		@Override
		public SslBundle getBundle(String name) {
			return current().getBundle(name);
		}

		@Override
		public void addBundleUpdateHandler(String name, Consumer<SslBundle> handler) {
			current().addBundleUpdateHandler(name, handler);
		}

		@Override
		public void addBundleRegisterHandler(BiConsumer<String, SslBundle> handler) {
			current().addBundleRegisterHandler(handler);
		}

		@Override
		public List<String> getBundleNames() {
			return current().getBundleNames();
		}

	}

	/**
	 * Connection details that can be replaced by others.
	 */
	private static final class ReplaceableDetails implements EtcdConnectionDetails {

		private volatile EtcdConnectionDetails current;

		ReplaceableDetails(EtcdConnectionDetails current) {
			this.current = current;
		}

		@Override
		public List<String> getEndpoints() {
			return this.current.getEndpoints();
		}

		@Override
		public @Nullable String getUsername() {
			return this.current.getUsername();
		}

		@Override
		public @Nullable String getPassword() {
			return this.current.getPassword();
		}

		@Override
		public @Nullable SslBundle getSslBundle() {
			return this.current.getSslBundle();
		}

	}

}
