package io.github.etcddiscovery.coordination;

import io.github.etcddiscovery.coordination.leader.Leadership;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * A process of its own that campaigns, and says again and again whether it leads.
 */
public final class LeaderMain {

	private static final Log logger = LogFactory.getLog(LeaderMain.class);

	private LeaderMain() {
	}

	public static void main(String[] args) throws InterruptedException {
		App app = App.start("child", args[0], "spring.cloud.etcd.coordination.ttl=3s");
		Leadership leadership = app.campaign("billing");
		Object clock = new Object();
		synchronized (clock) {
			while (true) {
				leadership.token().ifPresent((token) -> logger.info("leading with " + token));
				clock.wait(20);
			}
		}
	}

}
