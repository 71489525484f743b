package io.github.etcddiscovery.catalog;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.TreeMap;

import io.github.etcddiscovery.core.EscapedText;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceStatus;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * An operator's override of one instance's status or weight, for a time. Immutable.
 *
 * @param status the status that replaces the instance's own, or {@code null}
 * @param weight the weight that replaces the instance's own, or {@code null}
 * @param at when the override was made, or {@code null} if unknown
 * @param until when the override ends
 * @param by the operator, or empty if unknown
 */
public record InstanceOverride(@Nullable InstanceStatus status, @Nullable Integer weight, @Nullable Instant at,
		Instant until, String by) {

	private static final int MAX_LENGTH = 4096;

	/**
	 * The value for etcd.
	 * @return the override as JSON
	 */
	public String json() {
		Map<String, Object> fields = new TreeMap<>();
		if (this.status != null) {
			fields.put("status", this.status.name());
		}
		if (this.weight != null) {
			fields.put("weight", this.weight);
		}
		if (this.at != null) {
			fields.put("at", this.at.toString());
		}
		fields.put("until", this.until.toString());
		fields.put("by", this.by);
		return JsonMapper.shared().writeValueAsString(fields);
	}

	/**
	 * Parse a value.
	 * @param value the value in etcd
	 * @return the override
	 * @throws IllegalArgumentException if the value is not an override; the message says
	 * why
	 */
	static InstanceOverride parse(String value) {
		if (value.length() > MAX_LENGTH) {
			throw new IllegalArgumentException("the override is longer than %d characters".formatted(MAX_LENGTH));
		}
		JsonNode json = read(value);
		JsonNode status = json.path("status");
		JsonNode weight = json.path("weight");
		if (status.isMissingNode() && weight.isMissingNode()) {
			throw new IllegalArgumentException("the override has neither a 'status' nor a 'weight'");
		}
		if (!weight.isMissingNode() && (!weight.isInt() || weight.intValue() < 0)) {
			throw new IllegalArgumentException("the 'weight' of the override is no whole number from 0 to 2147483647");
		}
		return new InstanceOverride(status.isMissingNode() ? null : InstanceStatus.of(status.asString("")),
				weight.isMissingNode() ? null : weight.intValue(), time(json.path("at").asString("")),
				until(json.path("until").asString("")), EscapedText.of(json.path("by").asString("")));
	}

	private static JsonNode read(String value) {
		try {
			JsonNode json = JsonMapper.shared().readTree(value);
			if (json.isObject()) {
				return json;
			}
		}
		catch (JacksonException | StackOverflowError ex) {
			// Reported below
		}
		throw new IllegalArgumentException("the override is no JSON object");
	}

	private static Instant until(String text) {
		Instant until = time(text);
		if (until == null) {
			throw new IllegalArgumentException(
					"the override has no end: 'until' must be a time such as 2026-11-28T12:00:00Z");
		}
		return until;
	}

	private static @Nullable Instant time(String text) {
		try {
			return Instant.parse(text);
		}
		catch (DateTimeParseException ex) {
			return null;
		}
	}

	EtcdServiceInstance apply(EtcdServiceInstance instance) {
		EtcdServiceInstance overridden = (this.status != null) ? instance.withStatus(this.status) : instance;
		if (this.weight == null) {
			return overridden;
		}
		Map<String, String> metadata = new TreeMap<>(instance.getMetadata());
		metadata.put("weight", this.weight.toString());
		return overridden.withMetadata(metadata);
	}

}
