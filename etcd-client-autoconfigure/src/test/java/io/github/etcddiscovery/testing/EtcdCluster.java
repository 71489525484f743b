package io.github.etcddiscovery.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import org.awaitility.Awaitility;

import org.springframework.util.FileSystemUtils;

/**
 * A real etcd of one or more members on loopback, which a test can kill, pause, restart,
 * wipe and set back in time. Every operation returns when its effect is there, except
 * {@link EtcdMember#launch()}.
 */
public final class EtcdCluster implements AutoCloseable {

	private static final int PORT_ATTEMPTS = 5;

	private final int size;

	private final List<String> flags;

	private final boolean tls;

	private final boolean peerProxies;

	private final EtcdAdmin admin = new EtcdAdmin(this);

	private final List<Path> directories = new ArrayList<>();

	private final Thread shutdownHook = new Thread(this::dispose, "etcd-cluster-shutdown");

	private final List<EtcdMember> learners = new ArrayList<>();

	private volatile List<EtcdMember> members = List.of();

	private EtcdCluster(Builder builder) {
		this.size = builder.size;
		this.flags = List.copyOf(builder.flags);
		this.tls = builder.tls;
		this.peerProxies = builder.peerProxies;
	}

	public static EtcdCluster single() {
		return builder().build();
	}

	/**
	 * Three members, of which some can be isolated.
	 * @return the cluster
	 */
	public static EtcdCluster ofThree() {
		return builder().members(3).peerProxies().build();
	}

	public static Builder builder() {
		return new Builder();
	}

	/**
	 * Starts every member that is dead, lets the paused ones go on, and waits until all
	 * are healthy.
	 * @return this cluster
	 */
	public EtcdCluster start() {
		if (this.members.isEmpty()) {
			startFirstTime();
			return this;
		}
		for (EtcdMember member : this.members) {
			if (member.isPaused()) {
				member.resume();
			}
			else if (!member.isAlive()) {
				member.launch();
			}
		}
		this.members.forEach(EtcdMember::awaitHealthy);
		return this;
	}

	private void startFirstTime() {
		if (this.directories.isEmpty()) {
			Runtime.getRuntime().addShutdownHook(this.shutdownHook);
		}
		for (int attempt = 1; this.members.isEmpty(); attempt++) {
			List<EtcdMember> members = create();
			try {
				members.forEach(EtcdMember::launch);
				members.forEach(EtcdMember::awaitHealthy);
				this.members = members;
			}
			catch (RuntimeException ex) {
				members.forEach(EtcdMember::close);
				if (!(ex instanceof PortTakenException) || attempt == PORT_ATTEMPTS) {
					throw ex;
				}
			}
		}
	}

	private List<EtcdMember> create() {
		Path directory = temporaryDirectory();
		List<EtcdMember> members = new ArrayList<>();
		for (int i = 1; i <= this.size; i++) {
			String name = "etcd" + i;
			members
				.add(new EtcdMember(name, directory.resolve(name), this.tls, this.peerProxies, this.admin::disconnect));
		}
		String initialCluster = members.stream().map(EtcdMember::initialClusterEntry).collect(Collectors.joining(","));
		members.forEach((member) -> member.configure(initialCluster, this.flags));
		return List.copyOf(members);
	}

	private Path temporaryDirectory() {
		try {
			Path directory = Files.createTempDirectory("etcd-test-");
			this.directories.add(directory);
			return directory;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Adds a member that does not vote, for as long as this cluster lives.
	 * @return the learner, which follows the leader
	 */
	public EtcdMember addLearner() {
		String name = "learner" + (this.learners.size() + 1);
		EtcdMember learner = new EtcdMember(name, temporaryDirectory().resolve(name), this.tls, false,
				this.admin::disconnect);
		String[] entry = learner.initialClusterEntry().split("=");
		this.admin.etcdctl("member", "add", name, "--learner", "--peer-urls=" + entry[1]);
		String initialCluster = Stream.concat(this.members.stream(), Stream.of(learner))
			.map(EtcdMember::initialClusterEntry)
			.collect(Collectors.joining(","));
		learner.configure(initialCluster,
				Stream.concat(this.flags.stream(), Stream.of("--initial-cluster-state", "existing")).toList());
		this.learners.add(learner);
		learner.launch();
		Awaitility.await().atMost(Duration.ofSeconds(30)).until(learner::hasLeader);
		return learner;
	}

	/**
	 * What to read and change in the cluster from outside the code under test.
	 * @return the administrator's view
	 */
	public EtcdAdmin admin() {
		return this.admin;
	}

	public List<EtcdMember> members() {
		if (this.members.isEmpty()) {
			throw new IllegalStateException("The etcd cluster has not been started");
		}
		return this.members;
	}

	public EtcdMember member(int index) {
		return members().get(index);
	}

	/**
	 * The member all running members have as their leader; waits for an election that is
	 * under way.
	 * @return the leader
	 */
	public EtcdMember leader() {
		return Awaitility.await()
			.alias("a leader of the etcd cluster")
			.pollDelay(Duration.ZERO)
			.pollInterval(Duration.ofMillis(50))
			.atMost(Duration.ofSeconds(20))
			.until(this::runningLeaders, (leaders) -> leaders.size() == 1)
			.get(0);
	}

	private List<EtcdMember> runningLeaders() {
		// Nobody is sure of a leader while one that runs knows none.
		boolean allHaveOne = members().stream().filter(EtcdMember::isRunning).allMatch(EtcdMember::hasLeader);
		return (allHaveOne) ? this.members.stream().filter(EtcdMember::isLeader).toList() : List.of();
	}

	/**
	 * The running members that are not the leader.
	 * @return the followers
	 */
	public List<EtcdMember> followers() {
		EtcdMember leader = leader();
		return members().stream().filter(EtcdMember::isRunning).filter((member) -> member != leader).toList();
	}

	/**
	 * The client URLs of all members, be they alive or dead.
	 * @return the URLs
	 */
	public List<String> endpoints() {
		return members().stream().map(EtcdMember::clientUrl).toList();
	}

	/**
	 * The client URL of the first member.
	 * @return the URL
	 */
	public String clientUrl() {
		return member(0).clientUrl();
	}

	/**
	 * Waits until every member that runs answers a linearizable read.
	 */
	public void awaitHealthy() {
		members().stream().filter(EtcdMember::isRunning).forEach(EtcdMember::awaitHealthy);
	}

	public void kill() {
		members().forEach(EtcdMember::kill);
	}

	public void terminate() {
		members().forEach(EtcdMember::terminate);
	}

	/**
	 * Freezes every member that runs.
	 */
	public void pause() {
		members().stream().filter(EtcdMember::isRunning).forEach(EtcdMember::pause);
	}

	/**
	 * Lets every paused member go on and waits until the cluster answers again.
	 */
	public void resume() {
		members().stream().filter(EtcdMember::isPaused).forEach(EtcdMember::resume);
		awaitHealthy();
	}

	/**
	 * Cuts the network between a member and all others, in both directions; clients reach
	 * it as before. Needs {@link Builder#peerProxies()}.
	 * @param member the member
	 */
	public void isolate(EtcdMember member) {
		String header = member.peerHeader();
		for (EtcdMember other : members()) {
			if (other == member) {
				other.peerProxy().cut();
			}
			else {
				other.peerProxy().refuse(header);
			}
		}
	}

	/**
	 * Ends the isolation of members.
	 */
	public void reunite() {
		heal();
		awaitHealthy();
	}

	private void heal() {
		this.members.stream().map(EtcdMember::peerProxy).forEach(TcpProxy::heal);
	}

	/**
	 * Stops all members in good order and starts them with the same data and ports. For a
	 * rolling restart: {@link EtcdMember#restart()} one by one.
	 */
	public void restart() {
		terminate();
		start();
	}

	/**
	 * Kills all members, deletes their data and starts them with the same ports and
	 * flags: the cluster and member ids stay, everything else begins anew.
	 */
	public void wipe() {
		members().forEach(EtcdMember::wipeData);
		this.admin.forgetCredentials();
		start();
	}

	/**
	 * Copies the data as it is now, without disturbing connections beyond a pause.
	 * @return the copy, which lives as long as this cluster
	 */
	public DataCopy copyData() {
		Path directory = temporaryDirectory();
		List<EtcdMember> running = members().stream().filter(EtcdMember::isRunning).toList();
		// What a paused process has written is what a killed one would leave behind.
		running.forEach(EtcdMember::pause);
		try {
			this.members.forEach((member) -> member.copyDataTo(directory.resolve(member.name())));
		}
		finally {
			running.forEach(EtcdMember::resume);
		}
		return new DataCopy(this, directory, this.admin.isAuthEnabled());
	}

	/**
	 * Kills all members, puts an older copy of their data in place and starts them: the
	 * revision goes backwards.
	 * @param copy the copy to return to
	 */
	public void restore(DataCopy copy) {
		if (copy.origin() != this) {
			throw new IllegalArgumentException("The copy was taken from another cluster");
		}
		members().forEach((member) -> member.restoreData(copy.directory().resolve(member.name())));
		this.admin.forgetCredentials();
		if (copy.auth()) {
			this.admin.useRootCredentials();
		}
		start();
	}

	/**
	 * Brings the cluster back to what a new one looks like, except for its revision: all
	 * members run, no keys, leases, alarms, users or roles.
	 */
	public void reset() {
		if (this.peerProxies) {
			heal();
		}
		if (this.admin.isAuthEnabled()) {
			wipe();
		}
		else {
			start();
			this.admin.clear();
		}
	}

	/**
	 * Kills the members and deletes everything they wrote. A closed cluster can't be
	 * started again.
	 */
	@Override
	public void close() {
		Runtime.getRuntime().removeShutdownHook(this.shutdownHook);
		dispose();
	}

	private void dispose() {
		this.admin.disconnect();
		this.learners.forEach(EtcdMember::close);
		this.members.forEach(EtcdMember::close);
		for (Path directory : this.directories) {
			try {
				FileSystemUtils.deleteRecursively(directory);
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}
	}

	/**
	 * An earlier state of a cluster's data.
	 */
	public static final class DataCopy {

		private final EtcdCluster origin;

		private final Path directory;

		private final boolean auth;

		private DataCopy(EtcdCluster origin, Path directory, boolean auth) {
			this.origin = origin;
			this.directory = directory;
			this.auth = auth;
		}

		private EtcdCluster origin() {
			return this.origin;
		}

		private Path directory() {
			return this.directory;
		}

		private boolean auth() {
			return this.auth;
		}

	}

	/**
	 * Builds an {@link EtcdCluster}.
	 */
	public static final class Builder {

		private final List<String> flags = new ArrayList<>();

		private int size = 1;

		private boolean tls;

		private boolean peerProxies;

		private Builder() {
		}

		public Builder members(int size) {
			this.size = size;
			return this;
		}

		/**
		 * Adds flags for every member's command line.
		 * @param flags the flags and their values
		 * @return this builder
		 */
		public Builder flags(String... flags) {
			this.flags.addAll(List.of(flags));
			return this;
		}

		public Builder quota(long bytes) {
			return flags("--quota-backend-bytes", Long.toString(bytes));
		}

		/**
		 * Serves clients over {@code https}. The administrator keeps a plain door of his
		 * own, so a test can break the certificates and still look inside.
		 * @param flags the flags that say which certificates to use
		 * @return this builder
		 */
		public Builder tls(String... flags) {
			this.tls = true;
			return flags(flags);
		}

		/**
		 * Lets the members reach each other through proxies, so that some can be
		 * isolated.
		 * @return this builder
		 */
		public Builder peerProxies() {
			this.peerProxies = true;
			return this;
		}

		public EtcdCluster build() {
			return new EtcdCluster(this);
		}

	}

}
