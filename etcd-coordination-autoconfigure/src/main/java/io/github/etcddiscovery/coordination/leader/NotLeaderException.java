package io.github.etcddiscovery.coordination.leader;

/**
 * This process is not the leader.
 */
public class NotLeaderException extends IllegalStateException {

	private final String role;

	/**
	 * Create an exception.
	 * @param role the role
	 */
	public NotLeaderException(String role) {
		super("This process is not the leader for '%s'".formatted(role));
		this.role = role;
	}

	/**
	 * The role.
	 * @return the role
	 */
	public String getRole() {
		return this.role;
	}

}
