package io.github.etcddiscovery.coordination;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

import io.github.etcddiscovery.coordination.leader.Leadership;
import io.github.etcddiscovery.coordination.lock.EtcdLock;
import io.github.etcddiscovery.testing.EtcdExecutables;
import io.github.etcddiscovery.testing.EtcdExtension;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * {@code etcdctl elect} and {@code etcdctl lock}, which are etcd's own package for Go
 * programs, in the same queues.
 */
class EtcdctlIntegrationTests {

	@RegisterExtension
	static final EtcdExtension etcd = EtcdExtension.single();

	private final List<AutoCloseable> opened = new ArrayList<>();

	@AfterEach
	void closeAll() throws Exception {
		for (int i = this.opened.size() - 1; i >= 0; i--) {
			this.opened.get(i).close();
		}
	}

	@Test
	void takesPartInAnElectionBothWays() throws Exception {
		Etcdctl first = etcdctl("elect", "coordination/leaders/billing", "a shell");
		soon().until(() -> first.lines.contains("a shell"));
		App app = start();
		Leadership leadership = app.campaign("billing");
		soon().until(() -> etcd.admin().keys("coordination/leaders/billing/").size() == 2);
		assertThat(leadership.isLeader()).isFalse();
		first.interrupt();
		soon().until(leadership::isLeader);
		Etcdctl observer = etcdctl("elect", "-l", "coordination/leaders/billing");
		soon().until(() -> observer.lines.contains("app"));
		Etcdctl second = etcdctl("elect", "coordination/leaders/billing", "another shell");
		soon().until(() -> etcd.admin().keys("coordination/leaders/billing/").size() == 2);
		assertThat(second.lines).isEmpty();
		leadership.yield();
		soon().until(() -> second.lines.contains("another shell"));
		assertThat(leadership.isLeader()).isFalse();
	}

	@Test
	void takesTurnsWithALockBothWays() throws Exception {
		Etcdctl first = etcdctl("lock", "coordination/locks/order");
		soon().until(() -> !first.lines.isEmpty());
		assertThat(first.lines.get(0)).startsWith("coordination/locks/order/");
		App app = start();
		EtcdLock lock = app.locks().obtain("order");
		assertThat(lock.tryLock()).isFalse();
		first.interrupt();
		assertThat(lock.tryLock(10, TimeUnit.SECONDS)).isTrue();
		Etcdctl second = etcdctl("lock", "coordination/locks/order");
		soon().until(() -> etcd.admin().keys("coordination/locks/order/").size() == 2);
		assertThat(second.lines).isEmpty();
		lock.unlock();
		soon().until(() -> !second.lines.isEmpty());
	}

	private App start() {
		App app = App.start("app", etcd.clientUrl());
		this.opened.add(app);
		return app;
	}

	private Etcdctl etcdctl(String... arguments) throws IOException {
		List<String> command = new ArrayList<>(
				List.of(EtcdExecutables.etcdctl().toString(), "--endpoints=" + etcd.clientUrl()));
		command.addAll(List.of(arguments));
		ProcessBuilder builder = new ProcessBuilder(command);
		builder.environment().put("ETCDCTL_API", "3");
		Etcdctl etcdctl = new Etcdctl(builder.redirectError(Redirect.DISCARD).start());
		this.opened.add(etcdctl);
		return etcdctl;
	}

	private static ConditionFactory soon() {
		return await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(10));
	}

	/**
	 * One that runs until it is interrupted.
	 */
	private static final class Etcdctl implements AutoCloseable {

		private final Process process;

		private final List<String> lines = new CopyOnWriteArrayList<>();

		Etcdctl(Process process) {
			this.process = process;
			Thread reader = new Thread(this::read, "etcdctl");
			reader.setDaemon(true);
			reader.start();
		}

		private void read() {
			try (BufferedReader output = new BufferedReader(
					new InputStreamReader(this.process.getInputStream(), StandardCharsets.UTF_8))) {
				output.lines().forEach(this.lines::add);
			}
			catch (IOException ex) {
				this.lines.add(ex.toString());
			}
		}

		/**
		 * As with Ctrl-C: it leaves in good order.
		 */
		void interrupt() throws Exception {
			new ProcessBuilder("kill", "-INT", Long.toString(this.process.pid())).start().waitFor();
			assertThat(this.process.waitFor(10, TimeUnit.SECONDS)).isTrue();
		}

		@Override
		public void close() {
			this.process.destroyForcibly();
		}

	}

}
