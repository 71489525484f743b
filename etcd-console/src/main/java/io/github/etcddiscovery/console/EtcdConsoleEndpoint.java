package io.github.etcddiscovery.console;

import java.time.Duration;
import java.util.List;

import io.github.etcddiscovery.core.EscapedText;
import io.github.etcddiscovery.core.EtcdAccessException;
import io.github.etcddiscovery.instance.InstanceStatus;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.endpoint.SecurityContext;
import org.springframework.boot.actuate.endpoint.annotation.DeleteOperation;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.Selector.Match;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.boot.actuate.endpoint.web.annotation.WebEndpoint;
import org.springframework.util.MimeType;

/**
 * Serves the console: the page, its files, and its data as JSON. All data comes from
 * memory, except leases and the state of etcd's members. If access is unrestricted,
 * overrides of instances can be written.
 */
@WebEndpoint(id = EtcdConsoleEndpoint.ID, defaultAccess = Access.READ_ONLY)
public class EtcdConsoleEndpoint {

	static final String ID = "etcdconsole";

	private static final MimeType HTML = ConsoleAssets.type(".html");

	private final ConsoleAssets assets = new ConsoleAssets();

	private final String lastSegment;

	private final ConsoleViews views;

	private final OverrideWriter writer;

	/**
	 * Create an endpoint.
	 * @param path the path of the endpoint below that of the actuator
	 * @param views creates the data
	 * @param writer writes overrides
	 */
	EtcdConsoleEndpoint(String path, ConsoleViews views, OverrideWriter writer) {
		this.lastSegment = path.substring(path.lastIndexOf('/') + 1);
		this.views = views;
		this.writer = writer;
	}

	/**
	 * The page.
	 * @return the page
	 */
	@ReadOperation(produces = "text/html")
	public WebEndpointResponse<byte[]> page() {
		return html(this.lastSegment + "/");
	}

	private WebEndpointResponse<byte[]> html(String base) {
		return new WebEndpointResponse<>(this.assets.page(base), WebEndpointResponse.STATUS_OK, HTML);
	}

	/**
	 * A file of the page, or the data of a view.
	 * @param path the name of the file or view
	 * @param after for changes: the revision of the last answer
	 * @param service for a service: its name
	 * @param lease for a service: ids in hexadecimal of leases whose remaining time is
	 * requested
	 * @return the content, or {@code null} if there is no such file or view
	 */
	@ReadOperation(produces = { "application/json", "text/javascript", "text/css", "image/svg+xml", "text/html",
			"text/plain" })
	public @Nullable WebEndpointResponse<byte[]> read(@Selector(match = Match.ALL_REMAINING) String[] path,
			@Nullable String after, @Nullable String service, @Nullable List<String> lease) {
		String name = String.join("/", path);
		if (name.isEmpty()) {
			return html("./");
		}
		byte[] content = this.assets.file(name);
		if (content == null) {
			content = this.views.json(name, new ConsoleViews.Question(after, service, lease));
		}
		return (content != null)
				? new WebEndpointResponse<>(content, WebEndpointResponse.STATUS_OK, ConsoleAssets.type(name)) : null;
	}

	/**
	 * Override the status or the weight of an instance for a time. Every mirror applies
	 * the override.
	 * @param service the name of the service
	 * @param instance the id of the instance
	 * @param status the status, in upper or lower case
	 * @param weight the weight
	 * @param minutes the duration; 10 by default, at most a day
	 * @param security the caller
	 * @throws InvalidEndpointRequestException if the request is not valid, or etcd
	 * refuses
	 */
	@WriteOperation
	public void override(String service, String instance, @Nullable String status, @Nullable Integer weight,
			@Nullable Integer minutes, SecurityContext security) {
		attempt(() -> this.writer.override(service, instance, (status != null) ? InstanceStatus.of(status) : null,
				weight, Duration.ofMinutes((minutes != null) ? minutes : 10), user(security)));
	}

	/**
	 * End an override early.
	 * @param service the name of the service
	 * @param instance the id of the instance
	 * @param security the caller
	 * @throws InvalidEndpointRequestException if etcd refuses
	 */
	@DeleteOperation
	public void end(String service, String instance, SecurityContext security) {
		attempt(() -> this.writer.end(service, instance, user(security)));
	}

	private static String user(SecurityContext security) {
		return (security.getPrincipal() != null) ? EscapedText.of(security.getPrincipal().getName()) : "somebody";
	}

	private static void attempt(Runnable action) {
		try {
			action.run();
		}
		catch (IllegalArgumentException ex) {
			throw new InvalidEndpointRequestException(String.valueOf(ex.getMessage()), String.valueOf(ex.getMessage()));
		}
		catch (EtcdAccessException ex) {
			throw new InvalidEndpointRequestException(ex.describe(), ex.describe());
		}
	}

}
