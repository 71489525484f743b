package io.github.etcddiscovery.coordination.leader;

import io.github.etcddiscovery.coordination.FencingToken;

import org.springframework.context.ApplicationEvent;

/**
 * A leadership of this process began or ended. Published on a thread of the role.
 */
public class LeadershipEvent extends ApplicationEvent {

	private final transient Leadership leadership;

	private final FencingToken token;

	private final boolean granted;

	/**
	 * Create an event.
	 * @param leadership the leadership
	 * @param token its token
	 * @param granted whether it began
	 */
	public LeadershipEvent(Leadership leadership, FencingToken token, boolean granted) {
		super(leadership);
		this.leadership = leadership;
		this.token = token;
		this.granted = granted;
	}

	/**
	 * The role.
	 * @return the role
	 */
	public String getRole() {
		return this.leadership.role();
	}

	/**
	 * The leadership.
	 * @return the leadership
	 */
	public Leadership getLeadership() {
		return this.leadership;
	}

	/**
	 * Its token.
	 * @return the token
	 */
	public FencingToken getToken() {
		return this.token;
	}

	/**
	 * Whether it began or ended.
	 * @return {@code true} if this process leads now
	 */
	public boolean isGranted() {
		return this.granted;
	}

}
