package io.github.etcddiscovery.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.util.unit.DataSize;

/**
 * Configuration that is imported from etcd with {@code spring.config.import=etcd:}.
 *
 * @param enabled whether to read imports from etcd; if not, they are empty
 * @param prefixes the prefixes of the contexts that etcd: reads; the last one takes
 * precedence
 * @param defaultContext the context that all applications read
 * @param name the application's own context; by default spring.application.name
 * @param profileSeparator separates a context from a profile
 * @param contexts additional contexts of etcd:, which take precedence over the automatic
 * ones: templates with {name}, {profile}, {zone} and {instance-id}; one whose placeholder
 * has no value is left out
 * @param format how properties are stored in etcd, unless an import has its own format
 * @param dataKey the key below a context whose value is a document
 * @param precedence which takes precedence when both etcd and the application's files set
 * a property
 * @param timeout how long the start waits for etcd if there is nothing to start with
 * @param failFast whether the start fails when etcd can't be reached; by default unless
 * the import is optional
 * @param refresh how changes are applied
 * @param snapshot a file for a start while etcd is away
 * @param pinRevision the revision of etcd to read for as long as this is set; 0 for the
 * present one
 * @param maxKeys the maximum number of keys of one import
 * @param maxValueSize the maximum size of a value
 */
@ConfigurationProperties("spring.cloud.etcd.config")
public record EtcdConfigProperties(@DefaultValue("true") boolean enabled, @DefaultValue("config") List<String> prefixes,
		@DefaultValue("application") String defaultContext, @Nullable String name,
		@DefaultValue(",") String profileSeparator, @DefaultValue List<String> contexts,
		@DefaultValue("auto") Format format, @DefaultValue("data") String dataKey,
		@DefaultValue("import") Precedence precedence, @DefaultValue("10s") Duration timeout,
		@Nullable Boolean failFast, @NestedConfigurationProperty @DefaultValue RefreshProperties refresh,
		@NestedConfigurationProperty @DefaultValue SnapshotProperties snapshot, @DefaultValue("0") long pinRevision,
		@DefaultValue("10000") int maxKeys, @DefaultValue("1MB") DataSize maxValueSize) {

	static final String PREFIX = "spring.cloud.etcd.config";

	/**
	 * Validate the properties.
	 */
	public EtcdConfigProperties {
		prefixes = prefixes.stream().map(EtcdConfigProperties::withoutSlash).toList();
		contexts = List.copyOf(contexts);
		require(!prefixes.isEmpty(), "prefixes", "", "It must have at least one element, such as config");
		require(!timeout.isNegative(), "timeout", timeout, "It must not be negative");
		require(pinRevision >= 0, "pin-revision", pinRevision, "It must be a revision of etcd, or 0");
		require(maxKeys > 0, "max-keys", maxKeys, "It must be at least 1");
		require(maxValueSize.toBytes() > 0, "max-value-size", maxValueSize, "It must be at least 1B");
	}

	private static String withoutSlash(String prefix) {
		return prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix;
	}

	static void require(boolean condition, String property, Object value, String rule) {
		if (!condition) {
			throw new InvalidConfigurationPropertyValueException(PREFIX + "." + property, value, rule);
		}
	}

	/**
	 * How changes are applied.
	 *
	 * @param enabled whether to follow the configuration while the application runs
	 * @param quietPeriod how long to collect successive changes before they are applied
	 * together
	 * @param spread maximum of a random delay before a change is applied, so that not all
	 * instances of an application change at once
	 * @param scope which beans in refresh scope are created again
	 */
	public record RefreshProperties(@DefaultValue("true") boolean enabled, @DefaultValue("200ms") Duration quietPeriod,
			@DefaultValue("0s") Duration spread, @DefaultValue("affected") RefreshedBeans scope) {

		/**
		 * Validate the properties.
		 */
		public RefreshProperties {
			require(!quietPeriod.isNegative(), "refresh.quiet-period", quietPeriod, "It must not be negative");
			require(!spread.isNegative(), "refresh.spread", spread, "It must not be negative");
		}

	}

	/**
	 * Which beans in refresh scope are created again.
	 */
	public enum RefreshedBeans {

		/**
		 * Those that may depend on a changed property.
		 */
		AFFECTED,

		/**
		 * All.
		 */
		ALL,

		/**
		 * None, and no bean is rebound: only the environment changes.
		 */
		NONE

	}

	/**
	 * A file for a start while etcd is away.
	 *
	 * @param enabled whether to write the configuration to a file, and to read it from
	 * there if etcd can't be reached at the start
	 * @param file the file, for this application only, in a directory that others can't
	 * read or write
	 * @param maxAge the maximum age of a file that is used; no maximum by default
	 */
	public record SnapshotProperties(@DefaultValue("false") boolean enabled, @Nullable Path file,
			@Nullable Duration maxAge) {

		/**
		 * Validate the properties.
		 */
		public SnapshotProperties {
			require(!enabled || file != null, "snapshot.file", "",
					"It must be set, since 'spring.cloud.etcd.config.snapshot.enabled' is true");
		}

	}

}
