package io.github.etcddiscovery.testing;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * Tests for {@link EtcdExecutables}.
 */
class EtcdExecutablesTests {

	@Test
	void saysHowToGetAnExecutableThatIsMissing() {
		assertThatIllegalStateException().isThrownBy(() -> EtcdExecutables.find("etcd-nobody-has", null))
			.withMessageContaining("run script/test, which installs it")
			.withMessageContaining("'etcd-nobody-has.executable'")
			.withMessageContaining("'ETCD_NOBODY_HAS_EXECUTABLE'");
	}

	@Test
	void saysWhichPropertyNamesNoExecutable() {
		System.setProperty("etcd-nobody-has.executable", "/nowhere/etcd");
		try {
			assertThatIllegalStateException().isThrownBy(() -> EtcdExecutables.find("etcd-nobody-has", null))
				.withMessageContaining("'/nowhere/etcd'")
				.withMessageContaining("'etcd-nobody-has.executable'");
		}
		finally {
			System.clearProperty("etcd-nobody-has.executable");
		}
	}

}
