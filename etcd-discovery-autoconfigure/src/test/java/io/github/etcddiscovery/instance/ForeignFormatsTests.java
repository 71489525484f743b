package io.github.etcddiscovery.instance;

import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * What others write, byte for byte as their sources produce it, read by its shape. Each
 * test names the source that keys and values were derived from.
 */
class ForeignFormatsTests {

	private final InstanceReader reader = new InstanceReader(
			new InstancePlaces("services", List.of("/services", "/microservices", "kitex/registry-etcd"),
					Map.of("users", "user.rpc")),
			List.of(new JsonCodec(), new AddressCodec()), InstanceLimits.defaults());

	/**
	 * {@code etcd-io/etcd}: {@code Update} in
	 * {@code client/v3/naming/endpoints/endpoints_impl.go} marshals the struct of
	 * {@code client/v3/naming/endpoints/internal/update.go}, whose fields have no tags;
	 * the key is the target, a slash and what the caller likes.
	 */
	@Test
	void readsNamingOfEtcdsGoClient() {
		EtcdServiceInstance plain = readOne("services/orders/10.0.0.7:9000",
				"{\"Op\":0,\"Addr\":\"10.0.0.7:9000\",\"Metadata\":null}");
		assertThat(plain).isEqualTo(instance("10.0.0.7:9000", "10.0.0.7", 9000, Map.of()));
		EtcdServiceInstance withMetadata = readOne("services/orders/a",
				"{\"Op\":0,\"Addr\":\"[::1]:9000\",\"Metadata\":{\"deep\":{\"x\":1},\"weight\":3,\"zone\":\"a\\u0026b\"}}");
		assertThat(withMetadata).isEqualTo(instance("a", "::1", 9000, Map.of("weight", "3", "zone", "a&b")));
		assertThat(readOne("services/orders/b", "{\"Op\":0,\"Addr\":\"a:1\",\"Metadata\":\"text\"}").getMetadata())
			.isEmpty();
	}

	@Test
	void namingThatDeletesDescribesNone() {
		assertThat(read("services/orders/a", "{\"Op\":1,\"Addr\":\"10.0.0.7:9000\",\"Metadata\":null}")).isEmpty();
	}

	/**
	 * {@code zeromicro/go-zero}: {@code register} in {@code core/discov/publisher.go}
	 * puts the address at {@code makeEtcdKey} of {@code core/discov/clients.go}, the
	 * configured key, a slash and the lease in decimal digits.
	 */
	@Test
	void readsGoZero() {
		assertThat(readOne("services/orders/7587864068988009477", "10.0.0.7:8080"))
			.isEqualTo(instance("7587864068988009477", "10.0.0.7", 8080, Map.of()));
	}

	/**
	 * {@code go-kratos/kratos}: {@code registerKey} in
	 * {@code contrib/registry/etcd/registry.go} and {@code marshal} in {@code service.go}
	 * beside it, of the struct {@code ServiceInstance} in {@code registry/registry.go}.
	 * An endpoint had a parameter for TLS first ({@code internal/endpoint/endpoint.go}).
	 */
	@Test
	void readsKratos() {
		EtcdServiceInstance instance = readOne("/microservices/orders/8f14e45f",
				"{\"id\":\"8f14e45f\",\"name\":\"orders\",\"version\":\"v1.2.0\",\"metadata\":{\"zone\":\"a\"},"
						+ "\"endpoints\":[\"http://10.0.0.7:8000?isSecure=false\",\"grpc://10.0.0.7:9000?isSecure=false\"]}");
		assertThat(instance).isEqualTo(instance("8f14e45f@/microservices", "10.0.0.7", 8000,
				Map.of("zone", "a", "version", "v1.2.0", "grpc", "10.0.0.7:9000")));
	}

	@Test
	void readsEachHttpEndpointOfKratos() {
		List<EtcdServiceInstance> instances = read("/microservices/orders/1",
				"{\"id\":\"1\",\"name\":\"orders\",\"version\":\"\",\"metadata\":null,\"endpoints\":"
						+ "[\"http://10.0.0.7:8000\",\"https://10.0.0.7:8443\",\"http://[::1]:81?isSecure=true\",\"ws://a:1\"]}");
		assertThat(instances).extracting((instance) -> instance.getUri().toString())
			.containsExactly("http://10.0.0.7:8000", "https://10.0.0.7:8443", "https://[::1]:81");
		assertThat(instances).extracting(EtcdServiceInstance::getInstanceId)
			.containsExactly("1~10.0.0.7:8000@/microservices", "1~10.0.0.7:8443@/microservices",
					"1~[::1]:81@/microservices");
	}

	@Test
	void kratosWithoutHttpOnlySpeaksGrpc() {
		List<EtcdServiceInstance> instances = read("/microservices/orders/1",
				"{\"id\":\"1\",\"name\":\"orders\",\"version\":\"\",\"metadata\":null,"
						+ "\"endpoints\":[\"grpc://10.0.0.7:9000\",\"grpcs://10.0.0.7:9443\",\"grpc://10.0.0.7:9001?isSecure=true\"]}");
		assertThat(instances).allMatch(EtcdServiceInstance::isGrpcOnly)
			.extracting((instance) -> instance.getUri().toString())
			.containsExactly("grpc://10.0.0.7:9000", "grpcs://10.0.0.7:9443", "grpcs://10.0.0.7:9001");
		assertThat(read("/microservices/orders/1",
				"{\"id\":\"1\",\"name\":\"orders\",\"version\":\"\",\"metadata\":null,\"endpoints\":[\"ws://a:1\"]}"))
			.isEmpty();
	}

	/**
	 * {@code Resolve} of {@code etcd_resolver.go} takes 10 for what is not positive.
	 */
	@ParameterizedTest
	@ValueSource(strings = { "\"weight\":0,", "\"weight\":-1,", "\"weight\":10,", "" })
	void instancesOfKitexThatSetNoWeightAreAlike(String weight) {
		assertThat(readOne("kitex/registry-etcd/orders/127.0.0.1:8888",
				"{\"network\":\"tcp\",\"address\":\"127.0.0.1:8888\",%s\"tags\":null}".formatted(weight))
			.getMetadata()).isEqualTo(Map.of("weight", "10"));
	}

	/**
	 * {@code kitex-contrib/registry-etcd}: {@code serviceKey} and {@code instanceInfo} in
	 * {@code common.go}, marshalled by {@code register} in {@code etcd_registry.go};
	 * since moved to {@code cloudwego-contrib/cwgo-pkg}, {@code registry/etcd/internal}.
	 */
	@Test
	void readsKitex() {
		EtcdServiceInstance instance = readOne("kitex/registry-etcd/orders/127.0.0.1:8888",
				"{\"network\":\"tcp\",\"address\":\"127.0.0.1:8888\",\"weight\":10,\"tags\":{\"zone\":\"a\"}}");
		assertThat(instance).isEqualTo(
				instance("127.0.0.1:8888@kitex/registry-etcd", "127.0.0.1", 8888, Map.of("zone", "a", "weight", "10")));
		assertThat(readOne("kitex/registry-etcd/orders/127.0.0.1:8888",
				"{\"network\":\"tcp\",\"address\":\"127.0.0.1:8888\",\"weight\":0,\"tags\":null}")
			.getMetadata()).isEqualTo(Map.of("weight", "10"));
	}

	/**
	 * {@code apache/dubbo-spi-extensions}: {@code toPath} and {@code doRegister} in
	 * {@code EtcdServiceDiscovery} of {@code dubbo-registry-etcd3}, which has Gson write
	 * {@code DefaultServiceInstance} of {@code apache/dubbo}. Before version 3 it had an
	 * id as well.
	 */
	@ParameterizedTest
	@ValueSource(strings = { "", "\"id\":\"10.0.0.7:20880\"," })
	void readsDubbo(String id) {
		EtcdServiceInstance instance = readOne("/services/orders/10.0.0.7:20880", "{" + id
				+ "\"serviceName\":\"orders\",\"host\":\"10.0.0.7\",\"port\":20880,\"enabled\":true,\"healthy\":true,"
				+ "\"metadata\":{\"dubbo.endpoints\":\"[{\\\"port\\\":20880,\\\"protocol\\\":\\\"dubbo\\\"}]\","
				+ "\"dubbo.metadata.revision\":\"a1\"}}");
		assertThat(instance).isEqualTo(instance("10.0.0.7:20880@/services", "10.0.0.7", 20880, Map.of("dubbo.endpoints",
				"[{\"port\":20880,\"protocol\":\"dubbo\"}]", "dubbo.metadata.revision", "a1")));
	}

	@ParameterizedTest
	@CsvSource({ "true, true, UP", "true, false, DOWN", "false, true, OUT_OF_SERVICE", "false, false, OUT_OF_SERVICE" })
	void statusOfDubboSaysWhetherToCall(boolean enabled, boolean healthy, InstanceStatus status) {
		assertThat(readOne("/services/orders/a:1",
				"{\"serviceName\":\"orders\",\"host\":\"a\",\"port\":1,\"enabled\":%s,\"healthy\":%s,\"metadata\":{}}"
					.formatted(enabled, healthy))
			.getStatus()).isEqualTo(status);
	}

	/**
	 * {@code apache/dubbo}: {@code createPersistent} in {@code JEtcdClientWrapper} of
	 * {@code dubbo-remoting-etcd3} puts {@code String.valueOf(path.hashCode())}.
	 */
	@Test
	void directoryOfDubboDescribesNone() {
		String key = "/services/orders";
		assertThat(key.hashCode()).isEqualTo(-745313881);
		assertThat(read(key, "-745313881")).isEmpty();
		assertRefused(key, "-745313882", "'-745313882' is not a host name or address");
		assertRefused(key + "/1", "-745313881", "'-745313881' is not a host name or address");
	}

	@Test
	void valueThatContradictsItsKeyIsRefused() {
		assertRefused("/microservices/orders/1", "{\"id\":\"1\",\"name\":\"payments\",\"endpoints\":[\"http://a:1\"]}",
				"the field 'name' says 'payments', the key says 'orders'");
		assertRefused("/microservices/orders/1", "{\"id\":\"2\",\"name\":\"orders\",\"endpoints\":[\"http://a:1\"]}",
				"the field 'id' says '2', the key says '1'");
		assertRefused("/services/orders/a:1", "{\"serviceName\":\"payments\",\"host\":\"a\",\"port\":1}",
				"the field 'serviceName' says 'payments', the key says 'orders'");
	}

	@Test
	void addressThatIsNoneIsRefused() {
		assertRefused("services/orders/1", "{\"Op\":0,\"Addr\":\"\",\"Metadata\":null}",
				"'' is not an address like http://host:port");
		assertRefused("services/orders/1", "{\"Op\":0,\"Addr\":\"a:70000\",\"Metadata\":null}",
				"port 70000 is not between 1 and 65535");
		assertRefused("kitex/registry-etcd/orders/1", "{\"network\":\"unix\",\"address\":\"/tmp/x\",\"weight\":1}",
				"the network 'unix' is not tcp");
		assertRefused("/microservices/orders/1", "{\"endpoints\":[\"10.0.0.7:8000\"]}",
				"the endpoint '10.0.0.7:8000' has no scheme");
		assertRefused("/microservices/orders/1", "{\"endpoints\":[\"http://u:p@a:1\"]}",
				"'a:1' is not an address like http://host:port");
	}

	/**
	 * The same key may stand below two prefixes, and ids travel in cookies.
	 */
	@Test
	void idsAreUniqueInTheServiceAndSafeInCookies() {
		assertThat(readOne("services/orders/a;b, \"c\" 100%ü", "a:1").getInstanceId())
			.isEqualTo("a%3Bb%2C%20%22c%22%20100%25%C3%BC");
		assertThat(readOne("services/orders/a/b~c:1@d+e", "a:1").getInstanceId()).isEqualTo("a/b~c:1@d+e");
		assertThat(readOne("/services/orders/a", "a:1").getInstanceId()).isEqualTo("a@/services");
		assertThat(readOne("services/orders/a", "a:1").getInstanceId()).isEqualTo("a");
	}

	@Test
	void keysBelowEachPrefixNameTheirService() {
		assertThat(this.reader.key("/microservices/orders/1"))
			.isEqualTo(new InstanceKey("/microservices", "orders", "1"));
		assertThat(this.reader.key("kitex/registry-etcd/orders/a:1"))
			.isEqualTo(new InstanceKey("kitex/registry-etcd", "orders", "a:1"));
		assertThat(this.reader.key("services/orders/1")).isEqualTo(new InstanceKey("services", "orders", "1"));
		assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> this.reader.key("/microservices2/orders/1"));
	}

	@Test
	void serviceMayHaveKeyOfItsOwn() {
		assertThat(this.reader.key("user.rpc/7")).isEqualTo(new InstanceKey("user.rpc", "user.rpc", "users", "7"))
			.hasToString("user.rpc/7");
		assertThat(this.reader.key("user.rpc")).hasToString("user.rpc").extracting(InstanceKey::id).isEqualTo("users");
		assertThatExceptionOfType(InvalidInstanceException.class).isThrownBy(() -> this.reader.key("user.rpc2/7"));
		assertThatExceptionOfType(InvalidInstanceException.class).isThrownBy(() -> this.reader.key("user.rpc/"));
	}

	@Test
	void valueAtKeyOfItsOwnMayHaveTheNameThatTheKeyEndsWith() {
		for (String name : List.of("users", "user.rpc")) {
			assertThat(readOne("user.rpc/7", "{\"service\":\"%s\",\"host\":\"a\",\"port\":1}".formatted(name))
				.getServiceId()).isEqualTo("users");
		}
		assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> read("user.rpc/7", "{\"service\":\"orders\",\"host\":\"a\",\"port\":1}"));
		assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> read("services/users/7", "{\"service\":\"user.rpc\",\"host\":\"a\",\"port\":1}"));
	}

	private List<EtcdServiceInstance> read(String key, String value) {
		return this.reader.read(this.reader.key(key), value);
	}

	private EtcdServiceInstance readOne(String key, String value) {
		List<EtcdServiceInstance> instances = read(key, value);
		assertThat(instances).hasSize(1);
		return instances.get(0);
	}

	private void assertRefused(String key, String value, String message) {
		assertThatExceptionOfType(InvalidInstanceException.class).isThrownBy(() -> read(key, value))
			.withMessage(message);
	}

	private static EtcdServiceInstance instance(String id, String host, int port, Map<String, String> metadata) {
		return new EtcdServiceInstance("orders", id, host, port, false, InstanceStatus.UP, metadata);
	}

}
