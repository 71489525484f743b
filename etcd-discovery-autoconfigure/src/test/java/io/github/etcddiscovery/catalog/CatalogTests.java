package io.github.etcddiscovery.catalog;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

import io.github.etcddiscovery.catalog.Catalog.AbsenceRule;
import io.github.etcddiscovery.instance.AddressCodec;
import io.github.etcddiscovery.instance.AllowedNetworks;
import io.github.etcddiscovery.instance.EtcdServiceInstance;
import io.github.etcddiscovery.instance.InstanceKey;
import io.github.etcddiscovery.instance.InstanceLimits;
import io.github.etcddiscovery.instance.InstancePlaces;
import io.github.etcddiscovery.instance.InstanceReader;
import io.github.etcddiscovery.instance.InstanceStatus;
import io.github.etcddiscovery.instance.JsonCodec;
import io.github.etcddiscovery.instance.ServiceInstanceCodec;
import io.github.etcddiscovery.watch.Entry;
import io.github.etcddiscovery.watch.Snapshot;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import org.springframework.cloud.client.ServiceInstance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link Catalog}.
 */
class CatalogTests {

	private static final String DOWN = "{\"host\":\"h\",\"port\":1,\"status\":\"DOWN\"}";

	private static final String MANAGEMENT = "{\"host\":\"h\",\"port\":2,\"metadata\":{\"management-of\":\"orders\"}}";

	private final InstanceReader reader = new InstanceReader("services",
			List.of(new FailingCodec(), new JsonCodec(), new AddressCodec()));

	private final Map<String, Entry> entries = new HashMap<>();

	private Catalog catalog = Catalog.empty();

	private long revision;

	@Test
	void emptyCatalogKnowsNothing() {
		assertThat(this.catalog.revision()).isZero();
		assertThat(this.catalog.names()).isEmpty();
		assertThat(this.catalog.routable("orders")).isEmpty();
		assertThat(this.catalog.registered("orders")).isEmpty();
		assertThat(this.catalog.rejected()).isEmpty();
	}

	@Test
	void indexesInstancesByService() {
		put("orders/b", "h:2", "orders/a", "h:1", "payments/c", "{\"host\":\"h\",\"port\":3}");
		assertThat(this.catalog.revision()).isEqualTo(1);
		assertThat(this.catalog.names()).containsExactly("orders", "payments");
		assertThat(ids("orders")).containsExactly("a", "b");
		assertThat(ids("payments")).containsExactly("c");
		assertThat(this.catalog.routable("unknown")).isEmpty();
	}

	@Test
	void whoOnlySpeaksGrpcIsNotCalledByHttp() {
		put("orders/a", "h:1", "orders/b", "grpc://h:2", "orders/c", "{\"host\":\"h\",\"port\":3,\"scheme\":\"grpcs\"}",
				"orders/d", "{\"host\":\"h\",\"port\":4,\"scheme\":\"grpc\",\"status\":\"DOWN\"}");
		assertThat(this.catalog.routable("orders")).extracting(ServiceInstance::getInstanceId).containsExactly("a");
		assertThat(this.catalog.callable("orders")).extracting(EtcdServiceInstance::getInstanceId)
			.containsExactly("a", "b", "c");
		assertThat(this.catalog.registered("orders")).extracting(EtcdServiceInstance::isGrpcOnly)
			.containsExactly(false, true, true, true);
	}

	@Test
	void nameThatBeginsLikeAnotherIsAnotherService() {
		put("foo/1", "h:1", "foobar/1", "h:2", "foo-/1", "h:3", "foo", "h:4");
		assertThat(this.catalog.names()).containsExactly("foo", "foo-", "foobar");
		assertThat(this.catalog.registered("foo")).extracting(EtcdServiceInstance::getPort).containsExactly(4, 1);
		assertThat(this.catalog.registered("foobar")).extracting(EtcdServiceInstance::getPort).containsExactly(2);
		assertThat(this.catalog.routable("fo")).isEmpty();
		delete("foo");
		delete("foo/1");
		assertThat(this.catalog.names()).containsExactly("foo-", "foobar");
	}

	@Test
	void managementPortsAreKnownButNotAmongTheApplications() {
		put("orders/1", "h:1", "orders-management/1-management", MANAGEMENT, "wealth-management/1", "h:3",
				"mixed-management/1", MANAGEMENT, "mixed-management/2", "h:4");
		assertThat(this.catalog.names()).containsExactly("mixed-management", "orders", "orders-management",
				"wealth-management");
		assertThat(this.catalog.applicationNames()).containsExactly("mixed-management", "orders", "wealth-management");
		assertThat(ids("orders-management")).containsExactly("1-management");
		assertThat(this.catalog.isManagement(key("orders-management/2"))).isTrue();
		assertThat(this.catalog.isManagement(key("wealth-management/2-management"))).as("others are none").isFalse();
		assertThat(this.catalog.isManagement(key("unknown-management/1-management"))).isTrue();
		assertThat(this.catalog.isManagement(key("unknown-management/1"))).isFalse();
		assertThat(this.catalog.isManagement(key("unknown-management/unknown-management"))).isFalse();
		assertThat(this.catalog.isManagement(key("unknown-management"))).isFalse();
	}

	@Test
	void tellsAtWhichKeysTheInstancesStand() {
		put("orders/a", "h:1", "orders/b", DOWN);
		put("orders/b", "h:2");
		assertThat(this.catalog.entries("orders")).extracting(CatalogEntry::key)
			.containsExactly("services/orders/a", "services/orders/b");
		CatalogEntry written = this.catalog.entries("orders").get(1);
		assertThat(written.instance()).isSameAs(this.catalog.registered("orders").get(1));
		assertThat(written.modRevision()).isEqualTo(this.revision);
		assertThat(written.held()).isFalse();
		assertThat(this.catalog.entries("unknown")).isEmpty();
	}

	private InstanceKey key(String key) {
		return this.reader.key("services/" + key);
	}

	@Test
	void oneServiceMayHaveInstancesOfSeveralFormats() {
		put("orders/json", "{\"host\":\"h\",\"port\":1}", "orders/url", "http://h:2", "orders", "h:3");
		assertThat(this.catalog.registered("orders")).extracting(EtcdServiceInstance::getInstanceId)
			.containsExactly("orders", "json", "url");
		assertThat(this.catalog.registered("orders")).extracting(EtcdServiceInstance::getPort).containsExactly(3, 1, 2);
	}

	@Test
	void oneValueMayDescribeSeveralInstances() {
		put("orders/several", "several h:1 h:2", "orders/one", "h:3");
		assertThat(this.catalog.registered("orders")).extracting(EtcdServiceInstance::getPort).containsExactly(3, 1, 2);
		delete("orders/several");
		assertThat(this.catalog.registered("orders")).extracting(EtcdServiceInstance::getPort).containsExactly(3);
	}

	@Test
	void valueThatDescribesNoneMakesNoService() {
		put("orders", Integer.toString("services/orders".hashCode()));
		assertThat(this.catalog.names()).isEmpty();
		assertThat(this.catalog.rejected()).isEmpty();
		put("orders/a", "h:1");
		assertThat(this.catalog.names()).containsExactly("orders");
		delete("orders/a");
		assertThat(this.catalog.names()).isEmpty();
	}

	@Test
	void onlyInstancesThatAreUpAreRoutable() {
		put("orders/up", "h:1", "orders/down", DOWN, "orders/new",
				"{\"host\":\"h\",\"port\":1,\"status\":\"DRAINING\"}");
		assertThat(this.catalog.routable("orders")).extracting(ServiceInstance::getInstanceId).containsExactly("up");
		assertThat(ids("orders")).containsExactly("down", "new", "up");
		put("payments/down", DOWN);
		assertThat(this.catalog.names()).contains("payments");
		assertThat(this.catalog.routable("payments")).isEmpty();
	}

	@Test
	void answersAreTheSameObjectUntilTheServiceChanges() {
		put("orders/a", "h:1", "payments/b", "h:2");
		List<ServiceInstance> routable = this.catalog.routable("payments");
		List<EtcdServiceInstance> registered = this.catalog.registered("payments");
		assertThat(this.catalog.routable("payments")).isSameAs(routable);
		put("orders/a", "h:9", "orders/c", "h:3", "other/x", "h:4");
		delete("orders/a");
		put("broken/b", "rubbish");
		assertThat(this.catalog.routable("payments")).isSameAs(routable);
		assertThat(this.catalog.registered("payments")).isSameAs(registered);
		put("payments/c", "h:5");
		assertThat(this.catalog.routable("payments")).isNotSameAs(routable).hasSize(2);
		assertThat(routable).hasSize(1);
	}

	@Test
	void instancesThatDidNotChangeStayTheSameObjects() {
		put("orders/a", "h:1", "orders/b", "h:2");
		EtcdServiceInstance a = this.catalog.registered("orders").get(0);
		put("orders/b", "h:3");
		assertThat(this.catalog.registered("orders").get(0)).isSameAs(a);
		assertThat(this.catalog.registered("orders").get(1).getPort()).isEqualTo(3);
	}

	@Test
	void earlierCatalogStaysAsItWas() {
		put("orders/a", "h:1");
		Catalog before = this.catalog;
		put("orders/a", "h:2", "payments/b", "h:1", "broken/c", "rubbish");
		delete("orders/a");
		assertThat(before.names()).containsExactly("orders");
		assertThat(before.registered("orders")).extracting(EtcdServiceInstance::getPort).containsExactly(1);
		assertThat(before.rejected()).isEmpty();
		assertThat(before.revision()).isEqualTo(1);
	}

	@Test
	void answersCannotBeChanged() {
		put("orders/a", "h:1", "broken/b", "rubbish");
		assertRefused(() -> this.catalog.names().clear());
		assertRefused(() -> this.catalog.routable("orders").clear());
		assertRefused(() -> this.catalog.registered("orders").clear());
		assertRefused(() -> this.catalog.rejected().clear());
		assertRefused(() -> this.catalog.routable("unknown").add(this.catalog.registered("orders").get(0)));
		assertRefused(() -> this.catalog.registered("unknown").add(this.catalog.registered("orders").get(0)));
	}

	private static void assertRefused(Runnable change) {
		assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(change::run);
	}

	@Test
	void serviceGoesWithItsLastInstance() {
		put("orders/a", "h:1", "orders/b", "h:2");
		delete("orders/a");
		assertThat(this.catalog.names()).containsExactly("orders");
		delete("orders/b");
		assertThat(this.catalog.names()).isEmpty();
		assertThat(this.catalog.registered("orders")).isEmpty();
	}

	@Test
	void deletionOfAKeyThatWasNotThereChangesNothing() {
		put("orders/a", "h:1");
		delete("orders/x");
		delete("other/x");
		assertThat(ids("orders")).containsExactly("a");
		assertThat(this.catalog.names()).containsExactly("orders");
	}

	@Test
	void rejectsBadValueAndNothingElse() {
		put("orders/a", "h:1", "orders/bad", "{\"host\":\"h\",\"port\":70000}", "payments/b", "h:2", "other/bad",
				"rubbish");
		assertThat(ids("orders")).containsExactly("a");
		assertThat(this.catalog.names()).containsExactly("orders", "payments");
		assertThat(this.catalog.rejected()).containsOnlyKeys("services/orders/bad", "services/other/bad")
			.containsEntry("services/orders/bad", "port 70000 is not between 1 and 65535");
	}

	@Test
	void rejectsBadKeyAndNothingElse() {
		put("orders/a", "h:1", "/x", "h:1", "orders/", "h:1", "a\nb/1", "h:1", "", "h:1");
		assertThat(this.catalog.names()).containsExactly("orders");
		assertThat(this.catalog.rejected()).containsOnlyKeys("services//x", "services/orders/", "services/a\nb/1",
				"services/");
		for (String key : List.of("/x", "orders/", "a\nb/1", "")) {
			delete(key);
		}
		assertThat(this.catalog.rejected()).isEmpty();
	}

	@Test
	void valueThatTurnsBadIsNoLongerServed() {
		put("orders/a", "h:1", "orders/b", "h:2");
		put("orders/a", "rubbish");
		assertThat(ids("orders")).containsExactly("b");
		assertThat(this.catalog.rejected()).containsOnlyKeys("services/orders/a");
	}

	@Test
	void rejectedKeyIsServedOnceItsValueIsGood() {
		put("orders/a", "rubbish");
		assertThat(this.catalog.names()).isEmpty();
		put("payments/b", "h:1");
		assertThat(this.catalog.rejected()).containsOnlyKeys("services/orders/a");
		put("orders/a", "h:1");
		assertThat(this.catalog.rejected()).isEmpty();
		assertThat(ids("orders")).containsExactly("a");
	}

	@Test
	void rejectedKeyIsForgottenOnceItIsGone() {
		put("orders/a", "rubbish");
		delete("orders/a");
		assertThat(this.catalog.rejected()).isEmpty();
	}

	@Test
	void codecThatFailsCostsItsOwnKeyOnly() {
		put("orders/a", "h:1", "orders/bug", "throw", "orders/null", "null", "orders/hole", "hole", "payments/b",
				"h:2");
		assertThat(ids("orders")).containsExactly("a");
		assertThat(ids("payments")).containsExactly("b");
		assertThat(this.catalog.rejected()).containsOnlyKeys("services/orders/bug", "services/orders/null",
				"services/orders/hole");
		assertThat(this.catalog.rejected().get("services/orders/bug")).startsWith("a codec failed: ");
	}

	@Test
	void differencesAreServicesThatCameWentOrChanged() {
		put("same/a", "h:1", "changed/a", "h:1", "down/a", "h:1", "gone/a", "h:1", "grown/a", "h:1");
		Catalog before = this.catalog;
		put("changed/a", "h:2", "down/a", DOWN, "grown/b", "h:1", "new/a", "h:1", "broken/a", "rubbish");
		delete("gone/a");
		assertThat(before.differences(this.catalog)).containsExactly("changed", "down", "gone", "grown", "new");
		assertThat(this.catalog.differences(before)).containsExactly("changed", "down", "gone", "grown", "new");
	}

	@Test
	void sameValueWrittenAgainIsNoDifference() {
		put("orders/a", "h:1", "orders/b", "h:2");
		Catalog before = this.catalog;
		put("orders/a", "h:1", "orders/b", "{\"host\":\"h\",\"port\":2}");
		assertThat(before.differences(this.catalog)).isEmpty();
		assertThat(before.differences(before)).isEmpty();
		assertThat(Catalog.empty().differences(Catalog.empty())).isEmpty();
	}

	@Test
	void instanceThatWentAndCameBackIsNoDifference() {
		put("orders/a", "h:1");
		Catalog before = this.catalog;
		delete("orders/a");
		put("orders/a", "h:1");
		assertThat(before.differences(this.catalog)).isEmpty();
	}

	@Test
	void updatesOneOfManyInstancesWithoutReadingTheOthers() {
		Map<String, Entry> entries = new HashMap<>();
		for (int service = 0; service < 200; service++) {
			for (int instance = 0; instance < 100; instance++) {
				String key = "services/s%d/i%d".formatted(service, instance);
				entries.put(key, new Entry(key, "h:1", 1, 0));
			}
		}
		Catalog before = Catalog.empty()
			.update(new Snapshot(1, 1, entries), entries.keySet(), this.reader, AbsenceRule.NONE);
		Map<String, Entry> next = new HashMap<>(entries);
		next.put("services/s5/i5", new Entry("services/s5/i5", "h:2", 2, 0));
		Catalog after = before.update(new Snapshot(1, 2, next), Set.of("services/s5/i5"), this.reader,
				AbsenceRule.NONE);
		assertThat(after.names()).hasSize(200);
		assertThat(after.registered("s7")).isSameAs(before.registered("s7"));
		assertThat(after.registered("s5").get(4)).isSameAs(before.registered("s5").get(4));
		assertThat(before.differences(after)).containsExactly("s5");
	}

	private List<@Nullable String> ids(String service) {
		return this.catalog.registered(service).stream().map(EtcdServiceInstance::getInstanceId).sorted().toList();
	}

	private void put(String... keysAndValues) {
		this.revision++;
		Set<String> changed = new HashSet<>();
		for (int i = 0; i < keysAndValues.length; i += 2) {
			String key = "services/" + keysAndValues[i];
			this.entries.put(key, new Entry(key, keysAndValues[i + 1], this.revision, 0));
			changed.add(key);
		}
		update(changed);
	}

	private void delete(String name) {
		this.revision++;
		this.entries.remove("services/" + name);
		update(Set.of("services/" + name));
	}

	@Test
	void placesGoToThoseWhoCameFirstInWhateverOrderTheyAreRead() {
		List<String> ids = new ArrayList<>(List.of("e", "d", "c", "b", "a"));
		for (int i = 0; i < 20; i++) {
			Map<String, Entry> entries = new HashMap<>();
			for (String id : List.of("c", "e", "a", "d", "b")) {
				entries.put("services/orders/" + id, address(id, entries.size() + 1));
			}
			Collections.shuffle(ids, new Random(i));
			Catalog read = Catalog.empty();
			for (String id : ids) {
				read = read.update(new Snapshot(1, 5, entries), Set.of("services/orders/" + id), narrow(),
						AbsenceRule.NONE);
			}
			assertThat(read.instancesByKey()).containsOnlyKeys("services/orders/c", "services/orders/e");
			assertThat(read.rejected()).containsOnlyKeys("services/orders/a", "services/orders/b", "services/orders/d");
			assertThat(read.rejected().get("services/orders/a"))
				.isEqualTo("the service has 2 instances already ('max-instances-per-service')");
		}
	}

	@Test
	void placeThatIsFreeGoesToWhoeverHasWaitedLongest() {
		Map<String, Entry> entries = new HashMap<>();
		for (String id : List.of("a", "b", "c", "d")) {
			entries.put("services/orders/" + id, address(id, entries.size() + 1));
		}
		Catalog full = Catalog.empty()
			.update(new Snapshot(1, 4, Map.copyOf(entries)), entries.keySet(), narrow(), AbsenceRule.NONE);
		assertThat(full.registered("orders")).extracting(EtcdServiceInstance::getInstanceId).containsExactly("a", "b");
		entries.remove("services/orders/a");
		Catalog next = full.update(new Snapshot(1, 5, Map.copyOf(entries)), Set.of("services/orders/a"), narrow(),
				AbsenceRule.NONE);
		assertThat(next.registered("orders")).extracting(EtcdServiceInstance::getInstanceId).containsExactly("b", "c");
		assertThat(next.rejected()).containsOnlyKeys("services/orders/d");
		entries.put("services/orders/b", new Entry("services/orders/b", "nonsense", 2, 6, 0));
		Catalog last = next.update(new Snapshot(1, 6, Map.copyOf(entries)), Set.of("services/orders/b"), narrow(),
				AbsenceRule.NONE);
		assertThat(last.registered("orders")).extracting(EtcdServiceInstance::getInstanceId).containsExactly("c", "d");
		assertThat(last.rejected()).containsOnlyKeys("services/orders/b");
	}

	@Test
	void whoHasAPlaceKeepsItWhenItsValueChanges() {
		Map<String, Entry> entries = new HashMap<>();
		for (String id : List.of("a", "b", "c")) {
			entries.put("services/orders/" + id, address(id, entries.size() + 1));
		}
		Catalog before = Catalog.empty()
			.update(new Snapshot(1, 3, Map.copyOf(entries)), entries.keySet(), narrow(), AbsenceRule.NONE);
		entries.put("services/orders/a", new Entry("services/orders/a", "http://10.0.0.2:80", 1, 4, 0));
		Catalog after = before.update(new Snapshot(1, 4, entries), Set.of("services/orders/a"), narrow(),
				AbsenceRule.NONE);
		assertThat(after.instancesByKey()).containsOnlyKeys("services/orders/a", "services/orders/b");
		assertThat(after.registered("orders").get(0).getHost()).isEqualTo("10.0.0.2");
	}

	private static InstanceReader narrow() {
		return reader(2);
	}

	private static InstanceReader reader(int perService) {
		return new InstanceReader(InstancePlaces.below("services"),
				List.of(new FailingCodec(), new JsonCodec(), new AddressCodec()),
				new InstanceLimits(AllowedNetworks.of(List.of()), perService));
	}

	private static Entry address(String id, long revision) {
		return new Entry("services/orders/" + id, "http://10.0.0.1:%d".formatted(80 + revision), revision, 0);
	}

	@Test
	void twoKeysWithOneAddressAreOneInstanceToCall() {
		put("orders/old", "h:1", "orders/other", "h:2");
		put("orders/new", "h:1");
		assertThat(this.catalog.routable("orders")).extracting(ServiceInstance::getInstanceId)
			.containsExactly("new", "other");
		assertThat(this.catalog.registered("orders")).hasSize(3);
		put("orders/old", "{\"host\":\"h\",\"port\":1,\"status\":\"OUT_OF_SERVICE\"}");
		assertThat(this.catalog.routable("orders")).extracting(ServiceInstance::getInstanceId).containsExactly("other");
		delete("orders/old");
		assertThat(this.catalog.routable("orders")).extracting(ServiceInstance::getInstanceId)
			.containsExactly("new", "other");
	}

	@Test
	void listsAreThoseOfAllKeysWhateverChangedBefore() {
		Random random = new Random(20);
		String[] values = { "h:%d", "h:%d", "h:%d", "grpc://h:%d", "{\"host\":\"h\",\"port\":%d,\"status\":\"DOWN\"}",
				"{\"host\":\"h\",\"port\":%d,\"metadata\":{\"management-of\":\"orders\"}}", "several h:%d g:1",
				"nonsense" };
		HoldSettings hold = new HoldSettings(true, 0.5, 3, Duration.ofSeconds(60));
		for (int step = 1; step < 600; step++) {
			this.revision = step;
			Set<String> changed = new HashSet<>();
			boolean disaster = random.nextInt(20) == 0;
			// Long calm times, in which no two are at one address
			int ports = (step / 100 % 2 == 0) ? 1_000_000 : 40;
			int kinds = (step / 50 % 2 == 0) ? 6 : values.length;
			for (int change = random.nextInt(disaster ? 40 : 3); change >= 0; change--) {
				String key = "services/s%d/i%d".formatted(random.nextInt(2), random.nextInt(30));
				changed.add(key);
				if (disaster || random.nextInt(3) == 0) {
					this.entries.remove(key);
				}
				else {
					String value = values[random.nextInt(kinds)].formatted(1 + random.nextInt(ports) % 65_000);
					Entry before = this.entries.get(key);
					this.entries.put(key,
							new Entry(key, value, (before != null) ? before.createRevision() : step, step, 1));
				}
			}
			Catalog before = this.catalog;
			AbsenceRule rule = new VanishingPolicy(hold).rule(Meanwhile.NOTHING, Duration.ofSeconds(step).toNanos());
			this.catalog = before.update(new Snapshot(1, step, new HashMap<>(this.entries)), changed, reader(25), rule);
			requireConsistent();
			this.catalog = this.catalog.review(rule);
			requireConsistent();
			for (String name : List.of("s0", "s1")) {
				if (!this.catalog.touched().contains(name) && changed.stream().noneMatch((key) -> key.contains(name))) {
					assertThat(this.catalog.routable(name)).isSameAs(before.routable(name));
				}
			}
			Snapshot snapshot = new Snapshot(1, step, new HashMap<>(this.entries));
			Catalog anew = Catalog.empty().update(snapshot, this.entries.keySet(), reader(25), AbsenceRule.NONE);
			assertThat(this.catalog.instancesByKey()).isEqualTo(anew.instancesByKey());
			requireSame(anew, Catalog.empty().fill(snapshot, reader(25)));
		}
	}

	private static void requireSame(Catalog one, Catalog other) {
		assertThat(other.names()).isEqualTo(one.names());
		assertThat(other.rejected()).isEqualTo(one.rejected());
		assertThat(other.touched()).isEqualTo(one.touched());
		for (String name : one.known()) {
			assertThat(other.entries(name)).isEqualTo(one.entries(name));
			assertThat(other.registered(name)).isEqualTo(one.registered(name));
			assertThat(other.callable(name)).isEqualTo(one.callable(name));
			assertThat(other.routable(name)).isEqualTo(one.routable(name));
			assertThat(other.service(name).waiting()).isEqualTo(one.service(name).waiting());
			assertThat(other.service(name).isManagement()).isEqualTo(one.service(name).isManagement());
		}
	}

	@Test
	void firstSnapshotLeadsToTheSameCatalogAsAnUpdate() {
		this.entries.clear();
		for (String key : List.of("services/orders", "services/orders-/x", "services/orders/b", "services/orders/a/b",
				"services//x", "services/or\nders/x", "services/payments/1")) {
			this.entries.put(key, new Entry(key, "h:" + (1 + this.entries.size() % 5), 1, 1));
		}
		this.entries.put("services/payments/2", new Entry("services/payments/2", "nonsense", 1, 1));
		Snapshot snapshot = new Snapshot(1, 7, this.entries);
		Catalog filled = Catalog.empty().fill(snapshot, this.reader);
		requireSame(Catalog.empty().update(snapshot, this.entries.keySet(), this.reader, AbsenceRule.NONE), filled);
		assertThat(filled.names()).containsExactly("orders", "orders-", "payments");
		assertThat(filled.rejected()).containsOnlyKeys("services//x", "services/or\nders/x", "services/payments/2");
		assertThat(filled.revision()).isEqualTo(7);
	}

	private void requireConsistent() {
		for (String name : this.catalog.known()) {
			CatalogService service = this.catalog.service(name);
			CatalogService anew = CatalogService.of(service.readings(), service.waiting(), service.absentees(),
					(instance) -> true, Overrides.NONE);
			assertThat(service.registered()).isEqualTo(anew.registered());
			assertThat(service.callable()).isEqualTo(anew.callable());
			assertThat(service.routable()).isEqualTo(anew.routable());
			assertThat(service.isManagement()).isEqualTo(anew.isManagement());
		}
	}

	@Test
	void findsNamesThatDifferInCaseOnly() {
		put("orders/a", "h:1", "Stock/a", "h:2", "stock/a", "h:3");
		assertThat(this.catalog.namesIgnoringCase("ORDERS")).containsExactly("orders");
		assertThat(this.catalog.namesIgnoringCase("STOCK")).containsExactly("Stock", "stock");
		assertThat(this.catalog.namesIgnoringCase("order")).isEmpty();
		delete("Stock/a");
		assertThat(this.catalog.namesIgnoringCase("STOCK")).containsExactly("stock");
	}

	private void update(Set<String> changed) {
		this.catalog = this.catalog.update(new Snapshot(1, this.revision, new HashMap<>(this.entries)), changed,
				this.reader, AbsenceRule.NONE);
	}

	/**
	 * Reads several addresses at once, and otherwise does what a bad codec may do.
	 */
	private static final class FailingCodec implements ServiceInstanceCodec {

		@Override
		public boolean recognizes(String value) {
			return List.of("throw", "null", "hole").contains(value) || value.startsWith("several ");
		}

		@Override
		@SuppressWarnings("NullAway")
		public List<EtcdServiceInstance> decode(InstanceKey key, String value) {
			return switch (value) {
				case "throw" -> throw new IllegalStateException("a bug of the codec");
				case "null" -> null;
				case "hole" -> Arrays.asList((EtcdServiceInstance) null);
				default -> Arrays.stream(value.substring("several ".length()).split(" "))
					.map((address) -> address.substring(address.indexOf(':') + 1))
					.map((port) -> new EtcdServiceInstance(key.service(), key.id() + "-" + port, "h",
							Integer.parseInt(port), false, InstanceStatus.UP, Map.of()))
					.toList();
			};
		}

		@Override
		public String encode(EtcdServiceInstance instance) {
			throw new UnsupportedOperationException();
		}

	}

}
