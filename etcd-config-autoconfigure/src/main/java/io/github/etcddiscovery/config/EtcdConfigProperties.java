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
 * @param enabled whether imports from etcd are read; without, they are as good as empty
 * @param prefixes where the contexts are that etcd: reads; the last one counts most
 * @param defaultContext the context that all applications read
 * @param name the application's own context; by default spring.application.name
 * @param profileSeparator what stands between a context and a profile
 * @param contexts further contexts of etcd:, which count more than the automatic ones:
 * templates with {name}, {profile}, {zone} and {instance-id}; one whose placeholder has
 * no value is left out
 * @param format how properties stand in etcd, unless an import says otherwise
 * @param dataKey the key below a context whose value is a document
 * @param precedence what counts when both etcd and the application's files set a property
 * @param timeout how long the start waits for etcd, unless there is something to start
 * with
 * @param failFast whether the start fails when etcd can't be reached; by default unless
 * the import is optional
 * @param refresh what becomes of a change
 * @param snapshot what is kept on disk for a start while etcd is away
 * @param pinRevision the revision of etcd to read at, for as long as it is set; 0 for
 * what is true now
 * @param maxKeys how many keys one import may have
 * @param maxValueSize how large the value of a key may be
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
	 * Check what can be checked before anything is asked of etcd.
	 */
	public EtcdConfigProperties {
		prefixes = prefixes.stream().map(EtcdConfigProperties::withoutSlash).toList();
		contexts = List.copyOf(contexts);
		require(!prefixes.isEmpty(), "prefixes", "", "It must name at least one, such as config");
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
	 * What becomes of a change.
	 *
	 * @param enabled whether the configuration is followed while the application runs
	 * @param quietPeriod how long changes are collected that come one after the other
	 * @param spread a change is applied after a random delay up to this, so that the
	 * instances of an application do not change all at once
	 * @param scope which beans in refresh scope are made anew
	 */
	public record RefreshProperties(@DefaultValue("true") boolean enabled, @DefaultValue("200ms") Duration quietPeriod,
			@DefaultValue("0s") Duration spread, @DefaultValue("affected") RefreshedBeans scope) {

		/**
		 * Check that no time is negative.
		 */
		public RefreshProperties {
			require(!quietPeriod.isNegative(), "refresh.quiet-period", quietPeriod, "It must not be negative");
			require(!spread.isNegative(), "refresh.spread", spread, "It must not be negative");
		}

	}

	/**
	 * Which beans are made anew.
	 */
	public enum RefreshedBeans {

		/**
		 * Those that a changed property may be of concern to.
		 */
		AFFECTED,

		/**
		 * All.
		 */
		ALL,

		/**
		 * None: the environment changes, and nothing else.
		 */
		NONE

	}

	/**
	 * What is kept on disk for a start while etcd is away.
	 *
	 * @param enabled whether the configuration is written to a file, and read from it
	 * when etcd can't be reached at the start
	 * @param file the file, of this application alone, in a directory that others can't
	 * read or write
	 * @param maxAge how old the file may be to be used; without, any age will do
	 */
	public record SnapshotProperties(@DefaultValue("false") boolean enabled, @Nullable Path file,
			@Nullable Duration maxAge) {

		/**
		 * Check that there is a file.
		 */
		public SnapshotProperties {
			require(!enabled || file != null, "snapshot.file", "",
					"It must be set, since 'spring.cloud.etcd.config.snapshot.enabled' is true");
		}

	}

}
