package io.github.etcddiscovery.sample;

import io.github.etcddiscovery.coordination.FencingToken;
import io.github.etcddiscovery.coordination.leader.LeaderOnly;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * A scheduled job that runs in one instance of a service only.
 */
@Component
@EnableScheduling
class LeaderReport {

	private static final Log logger = LogFactory.getLog(LeaderReport.class);

	@LeaderOnly("${spring.application.name}")
	@Scheduled(fixedDelayString = "${sample.report-interval:10s}")
	void report() {
		logger.info("This instance reports for all, with fencing token " + FencingToken.current().orElseThrow());
	}

}
