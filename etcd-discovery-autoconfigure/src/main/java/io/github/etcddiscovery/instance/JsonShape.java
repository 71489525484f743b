package io.github.etcddiscovery.instance;

import java.util.List;

import tools.jackson.databind.JsonNode;

/**
 * A JSON format of other programs, recognised by its fields.
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
	 * @param key the key of the value
	 * @param json the object
	 * @return the instances that the object describes
	 * @throws InvalidInstanceException if the object is malformed
	 */
	List<EtcdServiceInstance> read(InstanceKey key, JsonNode json);

}
