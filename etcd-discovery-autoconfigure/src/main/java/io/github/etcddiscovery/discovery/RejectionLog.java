package io.github.etcddiscovery.discovery;

import java.time.Duration;

import io.github.etcddiscovery.core.EscapedText;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Says which values are passed over, a few times a minute: somebody who writes nonsense
 * ten times a second must not fill the disk. Confined to the loop of the catalog.
 */
final class RejectionLog {

	private static final Log logger = LogFactory.getLog(RejectionLog.class);

	private static final long PERIOD = Duration.ofMinutes(1).toNanos();

	private static final int LINES = 10;

	private long periodStart;

	private int lines;

	private long unsaid;

	void rejected(String key, String reason, long now) {
		if (this.lines > 0 && now - this.periodStart >= PERIOD) {
			this.lines = 0;
		}
		if (this.lines == 0) {
			this.periodStart = now;
		}
		if (this.lines >= LINES) {
			this.unsaid++;
			return;
		}
		this.lines++;
		String more = (this.unsaid > 0) ? " (%d more were not logged)".formatted(this.unsaid) : "";
		this.unsaid = 0;
		logger.warn("Passing over '%s': %s%s".formatted(EscapedText.of(key), reason, more));
	}

}
