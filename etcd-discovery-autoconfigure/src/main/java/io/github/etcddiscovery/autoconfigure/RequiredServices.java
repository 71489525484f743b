package io.github.etcddiscovery.autoconfigure;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

import io.github.etcddiscovery.discovery.Following;
import io.github.etcddiscovery.discovery.ServiceCatalog;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.boot.ApplicationArguments;
import org.springframework.boot.ApplicationRunner;
import org.springframework.core.Ordered;

/**
 * Keeps an application from becoming ready until each required service has an instance to
 * call. Spring Boot makes an application ready after its runners, and this is the last
 * runner; the application is registered afterwards. The application stays ready if such
 * instances vanish later, and decides itself how to answer then.
 */
final class RequiredServices implements ApplicationRunner, Ordered, DisposableBean {

	private static final Log logger = LogFactory.getLog(RequiredServices.class);

	private static final Duration PATIENCE = Duration.ofSeconds(30);

	private final ServiceCatalog catalog;

	private final List<String> required;

	private final Semaphore changes = new Semaphore(0);

	private volatile boolean closed;

	/**
	 * Create the runner.
	 * @param catalog knows the instances
	 * @param required the names of the required services
	 */
	RequiredServices(ServiceCatalog catalog, List<String> required) {
		this.catalog = catalog;
		this.required = required;
	}

	@Override
	public void run(ApplicationArguments arguments) throws InterruptedException {
		List<Following> followings = this.required.stream()
			.map((name) -> this.catalog.follow(name, "the readiness of this application", this.changes::release))
			.toList();
		try {
			await();
		}
		finally {
			followings.forEach(Following::close);
		}
	}

	private void await() throws InterruptedException {
		List<String> missing = missing();
		if (missing.isEmpty()) {
			return;
		}
		logger.info("Not ready yet: waiting for an instance of %s ('spring.cloud.etcd.discovery.required')"
			.formatted(quoted(missing)));
		while (!missing.isEmpty() && !this.closed) {
			if (!this.changes.tryAcquire(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
				logger.warn("Still not ready: no instance of %s can be called ('spring.cloud.etcd.discovery.required')"
					.formatted(quoted(missing)));
			}
			missing = missing();
		}
		if (missing.isEmpty()) {
			logger.info("All required services have instances");
		}
	}

	private List<String> missing() {
		return this.required.stream().filter((name) -> this.catalog.grpcInstances(name).isEmpty()).toList();
	}

	private static String quoted(List<String> names) {
		return "'" + String.join("', '", names) + "'";
	}

	@Override
	public void destroy() {
		this.closed = true;
		this.changes.release();
	}

	/**
	 * Runs after the runners of the application.
	 */
	@Override
	public int getOrder() {
		return LOWEST_PRECEDENCE;
	}

}
