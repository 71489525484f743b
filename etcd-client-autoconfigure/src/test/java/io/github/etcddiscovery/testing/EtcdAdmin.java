package io.github.etcddiscovery.testing;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.ClientBuilder;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.LeaseOption;
import io.etcd.jetcd.options.PutOption;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * What a test reads and changes in an {@link EtcdCluster} behind the back of the code
 * under test: straight to the members that run, past every proxy, as root where
 * authentication is on.
 * <p>
 * An operation that fails because a member is gone or an election is under way is tried
 * again for a while. A write may then be applied twice, as with any etcd client. With no
 * member running it fails at once. Usable from any thread.
 */
public final class EtcdAdmin {

	private static final Duration DEADLINE = Duration.ofSeconds(5);

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	private static final Set<Status.Code> PASSING = Set.of(Status.Code.UNAVAILABLE, Status.Code.DEADLINE_EXCEEDED,
			Status.Code.CANCELLED);

	private static final String ROOT = "root";

	// As the beginning and the end of a range it means every key.
	private static final ByteSequence ALL = bytes("\0");

	private static final Pattern LEASE_LINE = Pattern.compile("[0-9a-f]{1,16}");

	private final EtcdCluster cluster;

	private boolean auth;

	private @Nullable Client client;

	EtcdAdmin(EtcdCluster cluster) {
		this.cluster = cluster;
	}

	/**
	 * Puts a key without a lease.
	 * @param key the key
	 * @param value the value
	 * @return the revision of the put
	 */
	public long put(String key, String value) {
		return put(key, value, 0);
	}

	public long put(String key, String value, long lease) {
		PutOption option = PutOption.builder().withLeaseId(lease).build();
		return call((client) -> client.getKVClient().put(bytes(key), bytes(value), option)).getHeader().getRevision();
	}

	public @Nullable String get(String key) {
		KeyValue entry = entry(key);
		return (entry != null) ? text(entry.getValue()) : null;
	}

	/**
	 * The key with its revisions and lease.
	 * @param key the key
	 * @return the entry or {@code null}
	 */
	public @Nullable KeyValue entry(String key) {
		return call((client) -> client.getKVClient().get(bytes(key))).getKvs().stream().findFirst().orElse(null);
	}

	/**
	 * The lease the key is attached to.
	 * @param key the key, which must exist
	 * @return the lease, 0 for none
	 */
	public long leaseOf(String key) {
		KeyValue entry = entry(key);
		if (entry == null) {
			throw new IllegalStateException("There is no key '" + key + "' in etcd");
		}
		return entry.getLease();
	}

	/**
	 * The keys that begin with the prefix, in order.
	 * @param prefix the prefix, empty for all keys
	 * @return the keys
	 */
	public List<String> keys(String prefix) {
		return range(prefix, true).getKvs().stream().map((entry) -> text(entry.getKey())).toList();
	}

	public SortedMap<String, String> values(String prefix) {
		SortedMap<String, String> values = new TreeMap<>();
		range(prefix, false).getKvs().forEach((entry) -> values.put(text(entry.getKey()), text(entry.getValue())));
		return values;
	}

	private GetResponse range(String prefix, boolean keysOnly) {
		GetOption.Builder option = GetOption.builder().withKeysOnly(keysOnly);
		if (prefix.isEmpty()) {
			return call((client) -> client.getKVClient().get(ALL, option.withRange(ALL).build()));
		}
		return call((client) -> client.getKVClient().get(bytes(prefix), option.isPrefix(true).build()));
	}

	/**
	 * The store's revision now.
	 * @return the revision
	 */
	public long revision() {
		GetOption option = GetOption.builder().withCountOnly(true).build();
		return call((client) -> client.getKVClient().get(bytes("revision"), option)).getHeader().getRevision();
	}

	public boolean delete(String key) {
		return call((client) -> client.getKVClient().delete(bytes(key))).getDeleted() > 0;
	}

	public long deletePrefix(String prefix) {
		DeleteOption option = DeleteOption.builder().isPrefix(true).build();
		return call((client) -> client.getKVClient().delete(bytes(prefix), option)).getDeleted();
	}

	private void deleteAll() {
		DeleteOption option = DeleteOption.builder().withRange(ALL).build();
		call((client) -> client.getKVClient().delete(ALL, option));
	}

	public long grantLease(Duration ttl) {
		return call((client) -> client.getLeaseClient().grant(ttl.toSeconds())).getID();
	}

	/**
	 * All leases that live.
	 * @return the lease ids
	 */
	public List<Long> leases() {
		return etcdctl("lease", "list").lines()
			.filter((line) -> LEASE_LINE.matcher(line).matches())
			.map((line) -> Long.parseUnsignedLong(line, 16))
			.toList();
	}

	/**
	 * The seconds the lease has left.
	 * @param lease the lease
	 * @return the seconds, -1 when the lease is gone
	 */
	public long timeToLive(long lease) {
		return call((client) -> client.getLeaseClient().timeToLive(lease, LeaseOption.DEFAULT)).getTTL();
	}

	public void revoke(long lease) {
		call((client) -> client.getLeaseClient().revoke(lease));
	}

	/**
	 * Makes every revision before the given one unreadable.
	 * @param revision the oldest revision to keep
	 */
	public void compact(long revision) {
		// Waits for the disk, longer than other commands need on a busy machine
		etcdctl("compact", "--physical", "--command-timeout=25s", Long.toString(revision));
	}

	/**
	 * Gives the space of what was compacted back, member by member.
	 */
	public void defragment() {
		etcdctl("defrag");
	}

	/**
	 * The alarms that are raised, one line each.
	 * @return the alarms
	 */
	public List<String> alarms() {
		return etcdctl("alarm", "list").lines().filter((line) -> !line.isBlank()).toList();
	}

	/**
	 * Clears the alarms; a NOSPACE alarm comes back with the next write unless there is
	 * space again: see {@link #compact(long)} and {@link #defragment()}.
	 */
	public void disarmAlarms() {
		etcdctl("alarm", "disarm");
	}

	/**
	 * Switches authentication on with a user {@code root} whose password is {@code root}.
	 */
	public void enableAuth() {
		etcdctl("role", "add", ROOT);
		addUser(ROOT, ROOT, ROOT);
		etcdctl("auth", "enable");
		useRootCredentials();
	}

	/**
	 * Switches authentication off; users and roles stay.
	 */
	public void disableAuth() {
		etcdctl("auth", "disable");
		forgetCredentials();
	}

	/**
	 * Switches authentication on again, with the users and roles that are there.
	 */
	public void useAuthAgain() {
		etcdctl("auth", "enable");
		useRootCredentials();
	}

	public void addUser(String name, String password, String... roles) {
		etcdctl("user", "add", name + ":" + password);
		for (String role : roles) {
			etcdctl("user", "grant-role", name, role);
		}
	}

	/**
	 * Sets a user's password; the tokens of sessions that are open become invalid.
	 * @param name the user
	 * @param password the new password
	 */
	public void changePassword(String name, String password) {
		call((client) -> client.getAuthClient().userChangePassword(bytes(name), bytes(password)));
	}

	public void addRole(String role) {
		etcdctl("role", "add", role);
	}

	public void grantRead(String role, String prefix) {
		etcdctl("role", "grant-permission", role, "--prefix=true", "read", prefix);
	}

	public void grantReadWrite(String role, String prefix) {
		etcdctl("role", "grant-permission", role, "--prefix=true", "readwrite", prefix);
	}

	public void revokePermission(String role, String prefix) {
		etcdctl("role", "revoke-permission", role, "--prefix=true", prefix);
	}

	/**
	 * Runs {@code etcdctl} against the members that run.
	 * @param arguments the command and its arguments
	 * @return what it printed
	 * @throws IllegalStateException with what it complained about, if it fails
	 */
	public String etcdctl(String... arguments) {
		List<String> options = new ArrayList<>();
		options.add("--endpoints=" + runningUrls());
		options.add("--command-timeout=" + DEADLINE.toSeconds() + "s");
		if (isAuthEnabled()) {
			options.add("--user=" + ROOT + ":" + ROOT);
		}
		return Etcdctl.run(options, arguments);
	}

	/**
	 * Runs a shell script that calls {@code etcdctl}.
	 * @param script the script
	 * @param arguments its arguments
	 * @return what it printed, without the line break at its end
	 * @throws IllegalStateException with what it complained about, if it fails
	 */
	public String run(Path script, String... arguments) {
		return Etcdctl.runScript(script, runningUrls(), isAuthEnabled() ? ROOT + ":" + ROOT : "", arguments);
	}

	/**
	 * Deletes all keys, revokes all leases and clears the alarms.
	 */
	void clear() {
		deleteAll();
		leases().forEach(this::revokeIfPresent);
		if (!alarms().isEmpty()) {
			compact(revision());
			defragment();
			disarmAlarms();
		}
	}

	private void revokeIfPresent(long lease) {
		if (timeToLive(lease) > 0) {
			revoke(lease);
		}
	}

	synchronized boolean isAuthEnabled() {
		return this.auth;
	}

	synchronized void useRootCredentials() {
		this.auth = true;
		disconnect();
	}

	synchronized void forgetCredentials() {
		this.auth = false;
		disconnect();
	}

	/**
	 * Drops the connection, so that the next operation begins with a fresh one: gRPC's
	 * reconnect back-off would make a test wait for nothing.
	 */
	synchronized void disconnect() {
		if (this.client != null) {
			this.client.close();
			this.client = null;
		}
	}

	private synchronized boolean isCurrent(Client client) {
		return this.client == client;
	}

	/**
	 * A client of the members that know a leader: one that was cut off takes a call and
	 * lets it wait.
	 * @return the client, {@code null} while an election is under way
	 */
	private synchronized @Nullable Client client() {
		if (this.client == null) {
			List<URI> led = running().filter(EtcdMember::hasLeader).map(EtcdMember::adminUrl).map(URI::create).toList();
			if (led.isEmpty()) {
				return null;
			}
			ClientInterceptor deadline = new DeadlineInterceptor();
			ClientBuilder builder = Client.builder()
				.endpoints(led)
				.connectTimeout(DEADLINE)
				.waitForReady(false)
				.retryMaxAttempts(1)
				// etcd takes pings on a connection without calls for an attack
				.keepaliveWithoutCalls(false)
				.maxInboundMessageSize(256 * 1024 * 1024)
				.interceptor(deadline)
				.authInterceptors(deadline);
			if (this.auth) {
				builder.user(bytes(ROOT)).password(bytes(ROOT));
			}
			this.client = builder.build();
		}
		return this.client;
	}

	private String runningUrls() {
		return running().map(EtcdMember::adminUrl).collect(Collectors.joining(","));
	}

	private Stream<EtcdMember> running() {
		List<EtcdMember> running = this.cluster.members().stream().filter(EtcdMember::isRunning).toList();
		if (running.isEmpty()) {
			throw new IllegalStateException("No etcd member is running");
		}
		return running.stream();
	}

	private <T> T call(Function<Client, CompletableFuture<T>> operation) {
		AtomicReference<Throwable> failure = new AtomicReference<>();
		try {
			return Awaitility.await()
				.pollInSameThread()
				.pollDelay(Duration.ZERO)
				.pollInterval(Duration.ofMillis(50))
				.atMost(PATIENCE)
				.until(() -> attempt(operation, failure), Objects::nonNull);
		}
		catch (ConditionTimeoutException ex) {
			throw failed(failure.get());
		}
	}

	private <T> @Nullable T attempt(Function<Client, CompletableFuture<T>> operation,
			AtomicReference<Throwable> failure) {
		Client client = client();
		if (client == null) {
			return null;
		}
		try {
			return operation.apply(client).get(2 * DEADLINE.toSeconds(), TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw failed(ex);
		}
		catch (ExecutionException | TimeoutException | RuntimeException ex) {
			failure.set(ex);
			// What a call says whose client was closed under it could be anything.
			if (isCurrent(client)) {
				if (!isPassing(ex)) {
					throw failed(ex);
				}
				disconnect();
			}
			return null;
		}
	}

	private IllegalStateException failed(@Nullable Throwable cause) {
		String members = this.cluster.members()
			.stream()
			.map((member) -> member + ((member.isPaused()) ? " is paused" : (member.isAlive()) ? " runs" : " is dead"))
			.collect(Collectors.joining(", "));
		String message = (cause != null) ? cause.getMessage() : "no answer";
		return new IllegalStateException("etcd failed: " + message + " (" + members + ")", cause);
	}

	private static boolean isPassing(Throwable ex) {
		Status status = Status.fromThrowable(ex);
		// Neither a connection that breaks as a call is sent nor a member that waits in
		// vain
		// for the others has a status of its own
		String description = String.valueOf(status.getDescription());
		boolean unnamed = description.contains("channel closed") || description.contains("context deadline exceeded");
		return ex instanceof TimeoutException || unnamed || PASSING.contains(status.getCode());
	}

	private static ByteSequence bytes(String text) {
		return ByteSequence.from(text, StandardCharsets.UTF_8);
	}

	private static String text(ByteSequence bytes) {
		return bytes.toString(StandardCharsets.UTF_8);
	}

	/**
	 * Gives every call a deadline: jetcd sets none.
	 */
	private static final class DeadlineInterceptor implements ClientInterceptor {

		@Override
		public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
			return next.newCall(method, options.withDeadlineAfter(DEADLINE.toMillis(), TimeUnit.MILLISECONDS));
		}

	}

}
