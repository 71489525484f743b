package io.github.etcddiscovery.test;

import java.util.Map;
import java.util.TreeMap;

import io.github.etcddiscovery.client.EtcdConnectionDetails;
import org.jspecify.annotations.Nullable;

import org.springframework.test.context.TestContext;
import org.springframework.test.context.support.AbstractTestExecutionListener;

/**
 * Starts the etcd of a test class before its context is loaded.
 */
final class EtcdTestExecutionListener extends AbstractTestExecutionListener {

	/**
	 * Before all listeners that load the context.
	 */
	@Override
	public int getOrder() {
		return 500;
	}

	@Override
	public void beforeTestClass(TestContext context) {
		EtcdConnectionDetails details = EtcdTestServers.details(context.getTestClass());
		EtcdTest annotation = EtcdTestServers.annotation(context.getTestClass());
		EtcdTestServers.enter(details);
		if (details != null && annotation != null) {
			try (EtcdTestKeys keys = new EtcdTestKeys(details)) {
				keys.replaceAll(pairs(annotation.keys()));
			}
		}
	}

	/**
	 * Another class may have run meanwhile, such as a nested one.
	 */
	@Override
	public void prepareTestInstance(TestContext context) {
		EtcdTestServers.enter(EtcdTestServers.details(context.getTestClass()));
	}

	@Override
	public void afterTestClass(TestContext context) {
		EtcdTestServers.leave();
	}

	private static Map<String, @Nullable String> pairs(String[] keys) {
		Map<String, @Nullable String> pairs = new TreeMap<>();
		for (String pair : keys) {
			int sign = pair.indexOf('=');
			if (sign <= 0) {
				throw new IllegalArgumentException("'%s' of @EtcdTest is not of the form key=value".formatted(pair));
			}
			pairs.put(pair.substring(0, sign), pair.substring(sign + 1));
		}
		return pairs;
	}

}
