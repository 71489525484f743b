package io.github.etcddiscovery.client;

import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.util.StringUtils;

/**
 * Connection details from the current {@link EtcdProperties}. When the properties become
 * invalid, the last good ones stay in use, and one warning says what is wrong. Safe for
 * use by any thread.
 */
public final class PropertiesEtcdConnectionDetails implements EtcdConnectionDetails {

	private static final Log logger = LogFactory.getLog(PropertiesEtcdConnectionDetails.class);

	private final Supplier<EtcdProperties> properties;

	private final @Nullable SslBundles bundles;

	private EtcdProperties lastGood;

	private @Nullable String told;

	/**
	 * Create connection details that never change and have no SSL bundle.
	 * @param properties valid properties
	 */
	public PropertiesEtcdConnectionDetails(EtcdProperties properties) {
		this(() -> properties, null);
	}

	/**
	 * Create connection details.
	 * @param properties returns the current properties, whose password may have been
	 * replaced
	 * @param bundles the SSL bundles of the application, or {@code null} if there are
	 * none
	 */
	public PropertiesEtcdConnectionDetails(Supplier<EtcdProperties> properties, @Nullable SslBundles bundles) {
		this.properties = properties;
		this.bundles = bundles;
		this.lastGood = properties.get();
	}

	/**
	 * The current properties if they are valid, otherwise the last good ones.
	 * Synchronised, so that a thread that read older properties does not undo the warning
	 * of another.
	 */
	private synchronized EtcdProperties current() {
		try {
			EtcdProperties now = this.properties.get();
			if (!now.equals(this.lastGood)) {
				bundle(now);
				this.lastGood = now;
			}
			this.told = null;
		}
		catch (RuntimeException ex) {
			String problem = problem(ex);
			if (!problem.equals(this.told)) {
				this.told = problem;
				logger.warn("%s. The last good properties of the connection to etcd stay in use".formatted(problem));
			}
		}
		return this.lastGood;
	}

	/**
	 * Describe what is wrong. The password never appears, as its value is not validated.
	 */
	private static String problem(RuntimeException failure) {
		String property = "spring.cloud.etcd";
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			if (cause instanceof InvalidConfigurationPropertyValueException invalid) {
				return problem(invalid.getName(), invalid.getValue(), invalid.getReason());
			}
			if (cause instanceof NoSuchSslBundleException unknown) {
				return problem("spring.cloud.etcd.ssl.bundle", unknown.getBundleName(),
						"There is no SSL bundle of that name in 'spring.ssl.bundle'");
			}
			if (cause instanceof BindException bind) {
				property = bind.getName().toString();
			}
		}
		return "'%s' can't be used: %s".formatted(property, innermost(failure));
	}

	private static String problem(String property, @Nullable Object value, @Nullable String reason) {
		String shown = (value instanceof Duration duration) ? DurationStyle.SIMPLE.print(duration)
				: String.valueOf((value != null) ? value : "");
		return shown.isEmpty() ? "'%s' is not set. %s".formatted(property, reason)
				: "'%s' cannot be '%s'. %s".formatted(property, shown, reason);
	}

	private static @Nullable String innermost(Throwable failure) {
		Throwable cause = failure;
		while (cause.getCause() != null) {
			cause = cause.getCause();
		}
		return cause.getMessage();
	}

	@Override
	public List<String> getEndpoints() {
		return current().endpoints();
	}

	@Override
	public @Nullable String getUsername() {
		String username = current().username();
		return StringUtils.hasText(username) ? username : null;
	}

	@Override
	public @Nullable String getPassword() {
		return (getUsername() != null) ? current().password() : null;
	}

	@Override
	public @Nullable SslBundle getSslBundle() {
		return bundle(current());
	}

	private @Nullable SslBundle bundle(EtcdProperties properties) {
		String name = properties.ssl().bundleInUse();
		if (name == null) {
			return null;
		}
		if (this.bundles == null) {
			throw new IllegalStateException(
					"There are no SSL bundles to find '%s' of 'spring.cloud.etcd.ssl.bundle' in".formatted(name));
		}
		return this.bundles.getBundle(name);
	}

}
