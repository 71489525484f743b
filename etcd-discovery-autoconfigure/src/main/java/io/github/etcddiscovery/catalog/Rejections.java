package io.github.etcddiscovery.catalog;

import java.time.Duration;
import java.util.function.LongSupplier;

import io.github.etcddiscovery.core.EscapedText;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

/**
 * Counts the values that are passed over and logs them, at a limited rate, so that a
 * client that writes invalid values all the time can't fill the disk. Confined to the
 * loop of the catalog.
 */
final class Rejections {

	private static final Log logger = LogFactory.getLog(Rejections.class);

	private static final long PERIOD = Duration.ofMinutes(1).toNanos();

	private static final int LINES = 10;

	private final CatalogCounts counts;

	private final LongSupplier ticker;

	private long periodStart;

	private int lines;

	private long unsaid;

	Rejections(CatalogCounts counts, LongSupplier ticker) {
		this.counts = counts;
		this.ticker = ticker;
	}

	/**
	 * Report the keys that a catalog passes over and its predecessor did not.
	 */
	void report(Catalog last, Catalog next) {
		if (next.rejected() == last.rejected()) {
			return;
		}
		next.rejected().forEach((key, reason) -> {
			if (!reason.equals(last.rejected().get(key))) {
				this.counts.rejected();
				log(key, reason);
			}
		});
	}

	private void log(String key, String reason) {
		long now = this.ticker.getAsLong();
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
