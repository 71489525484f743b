package io.github.etcddiscovery.config;

import org.jspecify.annotations.Nullable;

/**
 * How properties stand in etcd.
 */
public enum Format {

	/**
	 * Each key is a property, except for documents: keys that end in {@code .yaml},
	 * {@code .yml}, {@code .properties} or {@code .json}, and the data key.
	 */
	AUTO,

	/**
	 * Each key is a property.
	 */
	TREE,

	/**
	 * The value of one key is a document, whose format its name or its content tells.
	 */
	DOCUMENT,

	/**
	 * Each key is a file, whose format its extension tells.
	 */
	FILES,

	/**
	 * The value of one key is a YAML document.
	 */
	YAML,

	/**
	 * The value of one key is a properties file.
	 */
	PROPERTIES,

	/**
	 * The value of one key is a JSON document.
	 */
	JSON;

	/**
	 * Whether it is the format of a document.
	 */
	boolean isDocument() {
		return this == DOCUMENT || this == YAML || this == PROPERTIES || this == JSON;
	}

	/**
	 * The format that the extension of a key tells.
	 * @return the format, or {@code null} if it tells none
	 */
	static @Nullable Format byExtension(String key) {
		return switch (key.substring(key.lastIndexOf('.') + 1)) {
			case "yaml", "yml" -> YAML;
			case "properties" -> PROPERTIES;
			case "json" -> JSON;
			default -> null;
		};
	}

}
