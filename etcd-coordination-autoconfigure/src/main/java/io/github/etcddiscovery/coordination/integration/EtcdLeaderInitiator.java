package io.github.etcddiscovery.coordination.integration;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import io.github.etcddiscovery.coordination.FencingToken;
import io.github.etcddiscovery.coordination.leader.Leadership;
import io.github.etcddiscovery.coordination.leader.LeadershipListener;
import io.github.etcddiscovery.coordination.leader.OnRevoked;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.integration.leader.Candidate;
import org.springframework.integration.leader.Context;
import org.springframework.integration.leader.event.LeaderEventPublisher;

/**
 * Spring Integration's leader election: campaigns for the role of each {@link Candidate},
 * and publishes an event when any role of this process is granted or revoked. A
 * {@code SmartLifecycleRoleController} starts and stops beans by these events. A
 * candidate is called on the thread of its role, which is interrupted when the leadership
 * ends, as the contract of {@code Candidate} requires.
 */
public final class EtcdLeaderInitiator implements LeadershipListener {

	private static final Log logger = LogFactory.getLog(EtcdLeaderInitiator.class);

	private final Map<String, Candidate> candidates = new ConcurrentHashMap<>();

	private final Set<Candidate> granted = ConcurrentHashMap.newKeySet();

	private final LeaderEventPublisher publisher;

	/**
	 * Create an initiator.
	 * @param candidates the candidates, at most one for each role
	 * @param publisher publishes the events
	 */
	public EtcdLeaderInitiator(List<Candidate> candidates, LeaderEventPublisher publisher) {
		this.publisher = publisher;
		candidates.forEach((candidate) -> {
			if (this.candidates.put(candidate.getRole(), candidate) != null) {
				throw new IllegalArgumentException(
						"Two candidates want the role '%s' in one process: give one of them another role"
							.formatted(candidate.getRole()));
			}
		});
	}

	/**
	 * The roles of the candidates.
	 * @return the roles
	 */
	public Collection<String> roles() {
		return this.candidates.keySet();
	}

	@Override
	public void granted(Leadership leadership, FencingToken token) {
		Context context = new LeadershipContext(leadership);
		try {
			this.publisher.publishOnGranted(this, context, leadership.role());
		}
		catch (RuntimeException ex) {
			logger.error("A listener of OnGrantedEvent for '%s' failed".formatted(leadership.role()), ex);
		}
		Candidate candidate = this.candidates.get(leadership.role());
		if (candidate != null) {
			try {
				leadership.run(OnRevoked.INTERRUPT, (current) -> {
					this.granted.add(candidate);
					candidate.onGranted(context);
				});
			}
			catch (InterruptedException ex) {
				logger.debug("The candidate for '%s' was interrupted, as its leadership has ended"
					.formatted(leadership.role()));
			}
			catch (Exception ex) {
				logger.error("The candidate for '%s' failed".formatted(leadership.role()), ex);
			}
		}
	}

	@Override
	public void revoked(Leadership leadership, FencingToken token) {
		Context context = new LeadershipContext(leadership);
		Candidate candidate = this.candidates.get(leadership.role());
		try {
			if (candidate != null && this.granted.remove(candidate)) {
				candidate.onRevoked(context);
			}
		}
		finally {
			this.publisher.publishOnRevoked(this, context, leadership.role());
		}
	}

	private record LeadershipContext(Leadership leadership) implements Context {

		@Override
		public boolean isLeader() {
			return this.leadership.isLeader();
		}

		@Override
		public void yield() {
			this.leadership.yield();
		}

		@Override
		public @Nullable String getRole() {
			return this.leadership.role();
		}

	}

}
