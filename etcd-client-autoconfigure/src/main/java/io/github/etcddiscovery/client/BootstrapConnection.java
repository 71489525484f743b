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
 * A connection that is needed before there is an application context, made of the
 * properties as they are then. The context can take it over instead of opening another
 * one. Safe for use by any thread.
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
	 * @param parent handles the binding otherwise
	 * @param details where etcd is, or {@code null} for what the properties say
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
	 * The bundle that is used, if it is configured; there are no bundles from beans yet.
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
	 * Follow the properties and SSL bundles of a context from now on.
	 * @param context the context
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
	 * Lead to where other details lead from now on: those of a container that was not
	 * there before the context.
	 * @param other the other details
	 */
	public void leadTo(EtcdConnectionDetails other) {
		this.details.current = other;
		this.factory.refresh();
	}

	/**
	 * Whether it leads to where other details lead, as the same user.
	 * @param other the other details
	 * @return {@code true} if a connection of the other details would be the same
	 */
	public boolean isTo(EtcdConnectionDetails other) {
		return this.details.current == other || (this.details.getEndpoints().equals(other.getEndpoints())
				&& Objects.equals(this.details.getUsername(), other.getUsername())
				&& Objects.equals(this.details.getPassword(), other.getPassword()));
	}

	/**
	 * The properties that it was made of.
	 * @return the properties
	 */
	public EtcdProperties properties() {
		return this.properties;
	}

	/**
	 * Where it leads.
	 * @return the details as they are now
	 */
	public EtcdConnectionDetails details() {
		return this.details;
	}

	/**
	 * What makes its channels.
	 * @return the factory
	 */
	public EtcdClientFactory factory() {
		return this.factory;
	}

	/**
	 * The connection.
	 * @return the connection
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
	 * Those of the context as soon as there is one.
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
	 * Details in whose place others can step.
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
