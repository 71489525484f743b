package io.github.etcddiscovery.client;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.util.StringUtils;
import org.springframework.util.unit.DataSize;

/**
 * The connection to etcd.
 *
 * @param enabled whether to use etcd at all; if not, there is no registration, discovery,
 * coordination or configuration
 * @param endpoints client URLs of the etcd members, all http or all https, or a single
 * dns+srv://example.com, whose SRV records name the members
 * @param username user name for authentication; none by default
 * @param password password for authentication
 * @param connectTimeout maximum duration of an attempt to connect to one address; values
 * above 2 seconds have the effect of 2 seconds
 * @param requestTimeout deadline of a request, including attempts with several members
 * @param keepAliveTime time without traffic after which a connection is probed, at least
 * 10 seconds
 * @param keepAliveTimeout how long to wait for the answer to a probe before the
 * connection is considered broken
 * @param maxInboundMessageSize maximum size of a response
 * @param namespace prefix that this client adds to every key and removes when it reads;
 * none by default
 * @param ssl TLS, for endpoints that are https
 */
@ConfigurationProperties("spring.cloud.etcd")
public record EtcdProperties(@DefaultValue("true") boolean enabled,
		@DefaultValue("http://localhost:2379") List<String> endpoints, @Nullable String username,
		@Nullable String password, @DefaultValue("5s") Duration connectTimeout,
		@DefaultValue("5s") Duration requestTimeout, @DefaultValue("10s") Duration keepAliveTime,
		@DefaultValue("5s") Duration keepAliveTimeout, @DefaultValue("64MB") DataSize maxInboundMessageSize,
		@Nullable String namespace, @NestedConfigurationProperty @DefaultValue SslProperties ssl) {

	private static final String PREFIX = "spring.cloud.etcd.";

	private static final Duration SHORTEST_TIMEOUT = Duration.ofMillis(100);

	/**
	 * Matches up to the last @, since a password may contain any character.
	 */
	private static final Pattern WITH_USER = Pattern.compile("^([A-Za-z]+://)?.*@", Pattern.DOTALL);

	/**
	 * Validate the properties, as far as that is possible without etcd.
	 */
	public EtcdProperties {
		endpoints = List.copyOf(endpoints);
		require(!endpoints.isEmpty(), "endpoints", "", "It must name at least one, such as http://localhost:2379");
		endpoints.forEach(EtcdProperties::requireEndpoint);
		require(endpoints.stream()
			.map((endpoint) -> URI.create(endpoint).getScheme().toLowerCase())
			.distinct()
			.count() == 1, "endpoints", String.join(",", endpoints), "They must be all http or all https");
		require(endpoints.size() == 1 || !SrvRecords.isDomain(endpoints.get(0)), "endpoints",
				String.join(",", endpoints), "There can be only one that begins with dns+srv://");
		require(isBlank(username) || !isBlank(password), "password", "",
				"It must be set, since '%susername' is".formatted(PREFIX));
		require(!isBlank(username) || isBlank(password), "username", "",
				"It must be set, since '%spassword' is".formatted(PREFIX));
		requireSensible("connect-timeout", connectTimeout);
		requireSensible("request-timeout", requestTimeout);
		requireSensible("keep-alive-timeout", keepAliveTimeout);
		require(keepAliveTime.compareTo(Duration.ofSeconds(10)) >= 0, "keep-alive-time", keepAliveTime,
				"It must be at least 10s: gRPC probes no more often. A number without a unit counts milliseconds");
		require(maxInboundMessageSize.toBytes() >= 1024 && maxInboundMessageSize.toBytes() <= Integer.MAX_VALUE,
				"max-inbound-message-size", maxInboundMessageSize, "It must be between 1KB and 2047MB");
		if (!SrvRecords.isDomain(endpoints.get(0))) {
			requireTlsAsTheEndpointsSay(isHttps(endpoints), ssl);
		}
	}

	private static void requireTlsAsTheEndpointsSay(boolean https, SslProperties ssl) {
		String endpoints = "'%sendpoints'".formatted(PREFIX);
		require(https || ssl.bundleInUse() == null, "ssl.bundle", String.valueOf(ssl.bundle()),
				"It needs %s that begin with https://".formatted(endpoints));
		require(https || !ssl.isWanted(), "ssl.enabled", true,
				"It needs %s that begin with https://".formatted(endpoints));
		require(!https || !Boolean.FALSE.equals(ssl.enabled()), "ssl.enabled", false,
				"It contradicts %s, which are https".formatted(endpoints));
	}

	/**
	 * Whether the endpoints, which all have the same scheme, use TLS.
	 */
	static boolean isHttps(List<String> endpoints) {
		return StringUtils.startsWithIgnoreCase(endpoints.get(0), "https:");
	}

	private static void requireEndpoint(String endpoint) {
		String shown = WITH_USER.matcher(endpoint).replaceFirst("$1***@");
		String rule = "An endpoint is http://host:port or https://host:port; '%s' is not".formatted(shown);
		try {
			URI uri = new URI(endpoint);
			if (SrvRecords.isDomain(endpoint)) {
				requireDomain(uri, shown);
				return;
			}
			boolean http = "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
			boolean bare = uri.getUserInfo() == null && uri.getQuery() == null && uri.getFragment() == null
					&& (uri.getPath() == null || uri.getPath().isEmpty() || uri.getPath().equals("/"));
			require(http && bare && uri.getHost() != null && uri.getPort() > 0, "endpoints", shown, rule);
		}
		catch (URISyntaxException ex) {
			require(false, "endpoints", shown, rule);
		}
	}

	private static void requireDomain(URI uri, String shown) {
		boolean bare = uri.getUserInfo() == null && uri.getQuery() == null && uri.getFragment() == null;
		boolean complete = StringUtils.hasText(uri.getAuthority())
				&& (uri.getPath() == null || uri.getPath().lastIndexOf('/') <= 0);
		require(bare && complete, "endpoints", shown,
				"It must be dns+srv://domain or dns+srv://nameserver:port/domain; '%s' is not".formatted(shown));
	}

	/**
	 * Refuse timeouts below 100 ms: whoever writes 5 means 5 seconds, not 5 milliseconds.
	 */
	private static void requireSensible(String property, Duration value) {
		require(value.compareTo(SHORTEST_TIMEOUT) >= 0, property, value,
				"It must be at least 100ms. A number without a unit counts milliseconds: five seconds are 5s");
	}

	private static void require(boolean condition, String property, Object value, String rule) {
		if (!condition) {
			throw new InvalidConfigurationPropertyValueException(PREFIX + property, value, rule);
		}
	}

	private static boolean isBlank(@Nullable String text) {
		return text == null || text.isBlank();
	}

	/**
	 * Leaves the password out.
	 */
	@Override
	public String toString() {
		return "EtcdProperties[endpoints=%s, username=%s, namespace=%s]".formatted(this.endpoints, this.username,
				this.namespace);
	}

}
