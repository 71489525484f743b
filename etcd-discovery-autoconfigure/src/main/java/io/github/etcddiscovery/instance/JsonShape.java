package io.github.etcddiscovery.instance;

import java.util.List;

import tools.jackson.databind.JsonNode;

/**
 * A foreign JSON format, known by its fields.
 */
interface JsonShape {

	/**
	 * Whether an object has this shape, well-formed or not.
	 * @param json the object
	 * @return {@code true} to read it
	 */
	boolean fits(JsonNode json);

	/**
	 * Read an object.
	 * @param key where it was found
	 * @param json the object
	 * @return the instances it describes
	 * @throws InvalidInstanceException if it describes an instance wrongly
	 */
	List<EtcdServiceInstance> read(InstanceKey key, JsonNode json);

}
