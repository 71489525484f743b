package io.github.etcddiscovery.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.github.etcddiscovery.watch.KeyRange;
import org.jspecify.annotations.Nullable;

import org.springframework.util.StringUtils;

/**
 * The sources of an import:
 * <ul>
 * <li>{@code etcd:} the automatic contexts
 * <li>{@code etcd:/some/tree/} a tree of keys, each a property
 * <li>{@code etcd:/some/doc.yaml} one document
 * </ul>
 * and behind a question mark {@code format}, {@code prefix}, {@code refresh},
 * {@code precedence} and {@code revision}. A key is looked up with and without a leading
 * slash, since tools differ in how they write keys.
 */
final class ImportSources {

	private static final Pattern PLACEHOLDER = Pattern.compile("\\{([a-z-]+)}");

	private final EtcdConfigProperties properties;

	private final Map<String, String> variables;

	/**
	 * Create it.
	 * @param properties the defaults
	 * @param variables the values of placeholders in templates of contexts
	 */
	ImportSources(EtcdConfigProperties properties, Map<String, String> variables) {
		this.properties = properties;
		this.variables = Map.copyOf(variables);
	}

	/**
	 * Whether an import means the automatic contexts.
	 */
	static boolean isAutomatic(String location) {
		return Location.of(location).path().isEmpty();
	}

	/**
	 * The sources of an import that do not depend on the profiles.
	 * @param location the import without {@code etcd:}
	 * @param optional whether the import may be missing
	 */
	List<ImportSource> sources(String location, boolean optional) {
		Location parsed = Location.of(location);
		return List.of(source(parsed, parsed.path(), !optional, null));
	}

	/**
	 * The sources of an import for the active profiles; for the automatic contexts, all
	 * their sources.
	 * @param location the import without {@code etcd:}
	 * @param profiles the active profiles, of which the last takes precedence
	 */
	List<ImportSource> sources(String location, List<String> profiles) {
		Location parsed = Location.of(location);
		List<ImportSource> sources = new ArrayList<>();
		if (!parsed.path().isEmpty()) {
			int dot = parsed.path().lastIndexOf('.');
			if (!parsed.path().endsWith("/") && dot > parsed.path().lastIndexOf('/')) {
				profiles.forEach((profile) -> sources
					.add(source(parsed, parsed.path().substring(0, dot) + "-" + profile + parsed.path().substring(dot),
							false, profile)));
			}
			return sources;
		}
		for (String prefix : this.properties.prefixes()) {
			contexts(profiles).forEach((context) -> sources.add(context(parsed, prefix, context)));
		}
		return sources;
	}

	/**
	 * From the most general to the most specific.
	 */
	private List<Context> contexts(List<String> profiles) {
		List<Context> contexts = new ArrayList<>();
		Stream.of(this.properties.defaultContext(), this.variables.getOrDefault("name", ""))
			.filter(StringUtils::hasText)
			.distinct()
			.forEach((name) -> {
				contexts.add(new Context(name, null));
				profiles.forEach((profile) -> contexts.add(new Context(name, profile)));
			});
		for (String template : this.properties.contexts()) {
			if (!template.contains("{profile}")) {
				expand(template, null).ifPresent((name) -> contexts.add(new Context(name, null)));
			}
			else {
				profiles.forEach((profile) -> expand(template, profile)
					.ifPresent((name) -> contexts.add(new Context(name, null))));
			}
		}
		return contexts;
	}

	private Optional<String> expand(String template, @Nullable String profile) {
		Matcher matcher = PLACEHOLDER.matcher(template);
		StringBuilder expanded = new StringBuilder();
		while (matcher.find()) {
			String name = matcher.group(1);
			String value = name.equals("profile") ? profile : this.variables.get(name);
			if (!StringUtils.hasText(value)) {
				return Optional.empty();
			}
			matcher.appendReplacement(expanded, Matcher.quoteReplacement(value));
		}
		return Optional.of(matcher.appendTail(expanded).toString());
	}

	private ImportSource context(Location location, String prefix, Context context) {
		Format format = location.format(this.properties.format());
		boolean files = format == Format.FILES;
		String separator = files ? "-" : this.properties.profileSeparator();
		String name = (context.profile() != null) ? context.name() + separator + context.profile() : context.name();
		String key = prefix.isEmpty() ? name : prefix + "/" + name;
		return build(location, List.of(KeyRange.prefix(key + (files ? "." : "/"))), key + (files ? ".*" : "/"), format,
				false, context.profile());
	}

	private ImportSource source(Location location, String path, boolean required, @Nullable String profile) {
		boolean tree = path.endsWith("/");
		Format format = location.format(tree ? this.properties.format() : Format.DOCUMENT);
		if (!tree && (format == Format.TREE || format == Format.FILES)) {
			throw new InvalidImportException("etcd:" + location.text(),
					"A tree or files need a location that ends in a slash");
		}
		List<KeyRange> ranges = new ArrayList<>();
		for (String key : new LinkedHashSet<>(List.of(StringUtils.trimLeadingCharacter(path, '/'), path))) {
			ranges.add(tree ? KeyRange.prefix(key) : KeyRange.single(key));
		}
		if (ranges.get(0).key().isEmpty()) {
			throw new InvalidImportException("etcd:" + location.text(), "It would import all keys of etcd: name a key");
		}
		return build(location, ranges, path, format, required && !tree, profile);
	}

	private ImportSource build(Location location, List<KeyRange> ranges, String place, Format format, boolean required,
			@Nullable String profile) {
		return new ImportSource("etcd:" + place + location.query(), "etcd:" + location.text(), ranges, format,
				this.properties.dataKey(), location.propertyPrefix(), location.precedence(this.properties.precedence()),
				location.flag("refresh", true), location.revision(), required, profile);
	}

	private record Context(String name, @Nullable String profile) {
	}

	/**
	 * The parts of an import.
	 */
	private record Location(String text, String path, String query, Map<String, String> options) {

		private static final List<String> OPTIONS = List.of("format", "prefix", "refresh", "precedence", "revision");

		static Location of(String text) {
			int mark = text.indexOf('?');
			String path = (mark < 0) ? text : text.substring(0, mark);
			String query = (mark < 0) ? "" : text.substring(mark + 1);
			Map<String, String> options = new LinkedHashMap<>();
			for (String option : StringUtils.tokenizeToStringArray(query, "&")) {
				int sign = option.indexOf('=');
				String name = (sign < 0) ? option : option.substring(0, sign);
				if (sign < 0 || !OPTIONS.contains(name)) {
					throw new InvalidImportException("etcd:" + text,
							"'%s' is not an option of an import. The options are format, prefix, refresh, precedence and revision"
								.formatted(option));
				}
				options.put(name, option.substring(sign + 1));
			}
			return new Location(text, path.strip(), query.isEmpty() ? "" : "?" + query, options);
		}

		String option(String name, String other) {
			return this.options.getOrDefault(name, other);
		}

		String propertyPrefix() {
			String prefix = option("prefix", "");
			return (prefix.isEmpty() || prefix.endsWith(".")) ? prefix : prefix + ".";
		}

		Format format(Format other) {
			return constant(Format.class, "format", other);
		}

		Precedence precedence(Precedence other) {
			return constant(Precedence.class, "precedence", other);
		}

		boolean flag(String name, boolean other) {
			String value = option(name, String.valueOf(other));
			if (!value.equals("true") && !value.equals("false")) {
				throw invalid(name, value, "true or false");
			}
			return value.equals("true");
		}

		long revision() {
			String value = option("revision", "0");
			if (!value.matches("\\d{1,18}")) {
				throw invalid("revision", value, "a revision of etcd");
			}
			return Long.parseLong(value);
		}

		private <E extends Enum<E>> E constant(Class<E> type, String name, E other) {
			String value = this.options.get(name);
			if (value == null) {
				return other;
			}
			for (E constant : type.getEnumConstants()) {
				if (constant.name().equalsIgnoreCase(value)) {
					return constant;
				}
			}
			throw invalid(name, value,
					"one of " + Stream.of(type.getEnumConstants())
						.map((constant) -> constant.name().toLowerCase(Locale.ROOT))
						.toList());
		}

		private InvalidImportException invalid(String name, String value, String rule) {
			return new InvalidImportException("etcd:" + this.text,
					"The option '%s' can't be '%s': it is %s".formatted(name, value, rule));
		}

	}

}
