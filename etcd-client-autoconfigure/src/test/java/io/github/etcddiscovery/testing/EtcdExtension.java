package io.github.etcddiscovery.testing;

import java.util.List;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * One {@link EtcdCluster} for a test class and its nested classes, brought back to an
 * empty and healthy state before each test:
 *
 * <pre class="code">
 * &#064;RegisterExtension
 * static final EtcdExtension etcd = EtcdExtension.single();
 * </pre>
 */
public final class EtcdExtension implements BeforeAllCallback, BeforeEachCallback, AfterAllCallback {

	private final EtcdCluster cluster;

	private int classes;

	private EtcdExtension(EtcdCluster cluster) {
		this.cluster = cluster;
	}

	public static EtcdExtension single() {
		return of(EtcdCluster.single());
	}

	public static EtcdExtension ofThree() {
		return of(EtcdCluster.ofThree());
	}

	public static EtcdExtension of(EtcdCluster cluster) {
		return new EtcdExtension(cluster);
	}

	@Override
	public void beforeAll(ExtensionContext context) {
		// Called again for each nested class.
		if (this.classes++ == 0) {
			this.cluster.start();
		}
	}

	@Override
	public void beforeEach(ExtensionContext context) {
		this.cluster.reset();
	}

	@Override
	public void afterAll(ExtensionContext context) {
		if (--this.classes == 0) {
			this.cluster.close();
		}
	}

	public EtcdCluster cluster() {
		return this.cluster;
	}

	public EtcdAdmin admin() {
		return this.cluster.admin();
	}

	public String clientUrl() {
		return this.cluster.clientUrl();
	}

	public List<String> endpoints() {
		return this.cluster.endpoints();
	}

}
