package io.github.etcddiscovery.config;

import org.jspecify.annotations.Nullable;

/**
 * How properties are stored in etcd.
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
	 * The value of one key is a document. Its format follows from its extension or
	 * content.
	 */
	DOCUMENT,

	/**
	 * Each key is a file. Its format follows from its extension.
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
	 * Whether this is the format of a document.
	 */
	boolean isDocument() {
		return this == DOCUMENT || this == YAML || this == PROPERTIES || this == JSON;
	}

	/**
	 * The format that belongs to the extension of a key.
	 * @return the format, or {@code null} if there is none
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
