package io.github.etcddiscovery.client;

import java.util.Collection;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.bind.AbstractBindHandler;
import org.springframework.boot.context.properties.bind.BindContext;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.core.convert.ConversionFailedException;

/**
 * Treats a blank property below {@code spring.cloud.etcd} as one that is not set, which
 * is what {@code ip-address: ${HOST_IP:}} means.
 */
public final class BlankIsUnset extends AbstractBindHandler {

	private static final ConfigurationPropertyName PREFIX = ConfigurationPropertyName.of("spring.cloud.etcd");

	/**
	 * Create a handler.
	 * @param parent handles everything else
	 */
	public BlankIsUnset(BindHandler parent) {
		super(parent);
	}

	@Override
	public @Nullable Object onSuccess(ConfigurationPropertyName name, Bindable<?> target, BindContext context,
			Object result) {
		return (PREFIX.isAncestorOf(name) && isBlank(name, result)) ? null
				: super.onSuccess(name, target, context, result);
	}

	@Override
	public @Nullable Object onFailure(ConfigurationPropertyName name, Bindable<?> target, BindContext context,
			Exception error) throws Exception {
		boolean blank = PREFIX.isAncestorOf(name) && error instanceof ConversionFailedException failed
				&& (failed.getValue() == null || failed.getValue().toString().isBlank());
		return blank ? null : super.onFailure(name, target, context, error);
	}

	/**
	 * Whether a value is blank. A blank element of a list counts as set, so that the
	 * others keep their index.
	 */
	private static boolean isBlank(ConfigurationPropertyName name, Object value) {
		return value instanceof String text && text.isBlank() && !name.isLastElementIndexed()
				|| value instanceof Collection<?> collection && collection.isEmpty();
	}

}
