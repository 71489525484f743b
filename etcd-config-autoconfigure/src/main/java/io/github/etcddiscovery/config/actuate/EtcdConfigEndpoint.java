package io.github.etcddiscovery.config.actuate;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

import io.github.etcddiscovery.config.ConfigReport;
import io.github.etcddiscovery.config.ConfigReport.Property;
import io.github.etcddiscovery.config.ConfigReport.Source;
import io.github.etcddiscovery.config.ConfigReporter;
import io.github.etcddiscovery.config.EtcdConfigRefresher;
import io.github.etcddiscovery.config.Revision;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.endpoint.SanitizableData;
import org.springframework.boot.actuate.endpoint.Sanitizer;
import org.springframework.boot.actuate.endpoint.SecurityContext;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.util.ClassUtils;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;

/**
 * Shows the configuration from etcd: its sources, the precedence of properties, and the
 * results of the last revisions. A POST to {@code refresh}, {@code accept}, {@code unpin}
 * or {@code pin/<revision>} below the endpoint changes the revision in use.
 */
@Endpoint(id = "etcdconfig")
public class EtcdConfigEndpoint {

	private final ConfigReporter reporter;

	private final EtcdConfigRefresher refresher;

	private final ConfigurableEnvironment environment;

	private final Sanitizer sanitizer;

	private final EtcdConfigEndpointProperties properties;

	/**
	 * Create the endpoint.
	 * @param reporter describes the configuration
	 * @param refresher follows the configuration
	 * @param environment the environment with the properties
	 * @param sanitizer hides values
	 * @param properties when to show values
	 */
	public EtcdConfigEndpoint(ConfigReporter reporter, EtcdConfigRefresher refresher,
			ConfigurableEnvironment environment, Sanitizer sanitizer, EtcdConfigEndpointProperties properties) {
		this.reporter = reporter;
		this.refresher = refresher;
		this.environment = environment;
		this.sanitizer = sanitizer;
		this.properties = properties;
	}

	/**
	 * Show the configuration.
	 * @param context the caller
	 * @return the configuration, with values if the caller may see them
	 */
	@ReadOperation
	public ConfigReport configuration(SecurityContext context) {
		boolean shown = this.properties.showValues().isShown(context, this.properties.roles());
		ConfigReport report = this.reporter.report();
		List<Source> sources = report.sources().stream().map((source) -> sanitize(source, shown)).toList();
		return new ConfigReport(report.revision(), report.readRevision(), report.pinnedTo(), report.readAt(),
				report.source(), report.error(), report.refused(), sources, report.history());
	}

	private Source sanitize(Source source, boolean shown) {
		Map<String, Property> properties = new LinkedHashMap<>();
		source.properties().forEach((name, property) -> {
			SanitizableData data = new SanitizableData(this.environment.getPropertySources().get(source.name()), name,
					property.value());
			properties.put(name, new Property(this.sanitizer.sanitize(data, shown), property.origin(),
					property.changedAt(), property.shadowedBy()));
		});
		return new Source(source.name(), source.location(), source.keys(), properties, source.skipped());
	}

	/**
	 * Change the revision in use.
	 * @param action {@code refresh}, {@code accept}, {@code unpin} or {@code pin}, which
	 * needs a revision
	 * @return the result
	 */
	@WriteOperation
	public Revision change(@Selector String action) {
		return switch (action) {
			case "refresh" -> result(this.refresher.refresh());
			case "accept" -> result(this.refresher.accept());
			case "unpin" -> result(this.refresher.unpin());
			case "pin" -> pin(action, QueryParameter.number("revision"));
			default -> throw new InvalidEndpointRequestException("There is no action '%s'".formatted(action),
					"The actions are refresh, accept, pin and unpin");
		};
	}

	/**
	 * Pin the configuration to a revision.
	 * @param action {@code pin}
	 * @param revision the revision
	 * @return the result
	 */
	@WriteOperation
	public Revision pin(@Selector String action, @Selector long revision) {
		if (!action.equals("pin") || revision <= 0) {
			throw new InvalidEndpointRequestException("pin needs a revision", "POST to etcdconfig/pin/<revision>");
		}
		return result(this.refresher.pin(revision));
	}

	private static Revision result(CompletableFuture<Revision> result) {
		try {
			return result.orTimeout(60, TimeUnit.SECONDS).join();
		}
		catch (CompletionException ex) {
			throw new IllegalStateException("The configuration could not be changed", ex.getCause());
		}
	}

	/**
	 * A query parameter: an operation that declares a parameter requires a body, which
	 * nobody sends by hand.
	 */
	private static final class QueryParameter {

		private static final boolean SERVLET = ClassUtils
			.isPresent("org.springframework.web.context.request.ServletRequestAttributes", null)
				&& ClassUtils.isPresent("jakarta.servlet.http.HttpServletRequest", null);

		static long number(String name) {
			String value = SERVLET ? Servlet.parameter(name) : null;
			return (value != null && value.matches("\\d{1,18}")) ? Long.parseLong(value) : 0;
		}

	}

	/**
	 * A class of its own, so that it is loaded only where there are servlets.
	 */
	private static final class Servlet {

		static @Nullable String parameter(String name) {
			return (RequestContextHolder.getRequestAttributes() instanceof ServletRequestAttributes attributes)
					? attributes.getRequest().getParameter(name) : null;
		}

	}

}
