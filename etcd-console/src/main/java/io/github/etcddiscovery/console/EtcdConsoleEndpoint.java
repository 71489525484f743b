package io.github.etcddiscovery.console;

import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.Selector.Match;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.boot.actuate.endpoint.web.annotation.WebEndpoint;
import org.springframework.util.MimeType;

/**
 * Serves the console: the page, its files, and what it shows, as JSON. Everything is
 * answered from memory, but what says that it asks etcd.
 */
@WebEndpoint(id = EtcdConsoleEndpoint.ID, defaultAccess = Access.READ_ONLY)
public class EtcdConsoleEndpoint {

	static final String ID = "etcdconsole";

	private static final MimeType HTML = ConsoleAssets.type(".html");

	private final ConsoleAssets assets = new ConsoleAssets();

	private final String lastSegment;

	private final ConsoleViews views;

	/**
	 * Create an endpoint.
	 * @param path the path of the endpoint below that of the actuator
	 * @param views what is shown
	 */
	EtcdConsoleEndpoint(String path, ConsoleViews views) {
		this.lastSegment = path.substring(path.lastIndexOf('/') + 1);
		this.views = views;
	}

	/**
	 * The page.
	 * @return it
	 */
	@ReadOperation(produces = "text/html")
	public WebEndpointResponse<byte[]> page() {
		return html(this.lastSegment + "/");
	}

	private WebEndpointResponse<byte[]> html(String base) {
		return new WebEndpointResponse<>(this.assets.page(base), WebEndpointResponse.STATUS_OK, HTML);
	}

	/**
	 * A file of the page, or what it shows.
	 * @param path the name of the file, or of what is to be shown
	 * @param after in a question for the state: the revision that was told last
	 * @param id in a question for leases: their ids in hexadecimal
	 * @return it, or {@code null} if there is none
	 */
	@ReadOperation(produces = { "application/json", "text/javascript", "text/css", "image/svg+xml", "text/html",
			"text/plain" })
	public @Nullable WebEndpointResponse<byte[]> read(@Selector(match = Match.ALL_REMAINING) String[] path,
			@Nullable String after, @Nullable List<String> id) {
		String name = String.join("/", path);
		if (name.isEmpty()) {
			return html("./");
		}
		byte[] content = this.assets.file(name);
		if (content == null) {
			content = this.views.json(name, after, id);
		}
		return (content != null)
				? new WebEndpointResponse<>(content, WebEndpointResponse.STATUS_OK, ConsoleAssets.type(name)) : null;
	}

}
