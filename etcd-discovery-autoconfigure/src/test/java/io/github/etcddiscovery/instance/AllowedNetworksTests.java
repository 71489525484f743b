package io.github.etcddiscovery.instance;

import java.util.List;

import org.assertj.core.api.ThrowableAssertAlternative;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNoException;

/**
 * Tests for {@link AllowedNetworks}.
 */
class AllowedNetworksTests {

	@ParameterizedTest
	@ValueSource(strings = { "10.0.0.1", "169.254.169.254", "localhost", "::1", "example.com" })
	void allowsEverythingWithoutAList(String host) {
		assertThatNoException().isThrownBy(() -> AllowedNetworks.of(List.of()).requireAllowed(host));
	}

	@ParameterizedTest
	@CsvSource({ "10.0.0.0/8, 10.255.0.1", "10.1.2.3, 10.1.2.3", "10.1.2.3/32, 10.1.2.3", "fd00::/8, fd12::1",
			"0.0.0.0/0, 8.8.8.8", "fd00:ec2::254, fd00:ec2::254", "100.100.100.200, 100.100.100.200",
			"10.0.0.0/8, ::ffff:10.0.0.1", "169.254.0.0/16, 169.254.169.254", "fe80::/10, fe80::1" })
	void allowsWhatIsListed(String network, String host) {
		assertThatNoException()
			.isThrownBy(() -> AllowedNetworks.of(List.of("192.0.2.0/24", network)).requireAllowed(host));
	}

	@ParameterizedTest
	@CsvSource({ "10.0.0.0/8, 11.0.0.1", "10.1.2.3, 10.1.2.4", "fd00::/8, fe00::1", "0.0.0.0/0, ::1",
			"::/0, 10.0.0.1" })
	void refusesWhatIsNotListed(String network, String host) {
		assertRefused(network, host).withMessage(host + " is in none of the 'allowed-networks'");
	}

	@ParameterizedTest
	@CsvSource({ "0.0.0.0/0, 169.254.169.254", "::/0, fe80::1", "128.0.0.0/1, 169.254.1.1",
			"::/0, ::ffff:169.254.169.254", "0.0.0.0/0, ::ffff:169.254.169.254", "fd00::/8, fd00:ec2::254",
			"fd00::/8, fd00:ec2:0:0::254", "fd00::/8, fd00:ec2::23", "fd00::/8, fd20:ce::254",
			"fd00::/8, fd00:c1::a9fe:a9fe", "::/0, fd00:ec2::254", "100.64.0.0/10, 100.100.100.200",
			"192.0.0.0/8, 192.0.0.192", "0.0.0.0/0, 168.63.129.16" })
	void refusesAddressesOfMetadataUnlessANetworkOfSuchIsListed(String network, String host) {
		assertRefused(network, host).withMessageContaining("is in none of the 'allowed-networks'");
	}

	/**
	 * The last ones are addresses to some resolvers.
	 */
	@ParameterizedTest
	@ValueSource(strings = { "localhost", "metadata.example.com", "2130706433", "0x7f000001", "127.1" })
	void refusesNames(String host) {
		assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> AllowedNetworks.of(List.of("10.0.0.0/8", "127.0.0.0/8")).requireAllowed(host));
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/x", "example.com", "10.0.0/8",
			"fd00::/129" })
	void saysWhatANetworkIs(String network) {
		assertThatIllegalArgumentException().isThrownBy(() -> AllowedNetworks.of(List.of(network)))
			.withMessage(
					"A network is like 10.0.0.0/8 or fd00::/8, or a single address; '%s' is not".formatted(network));
	}

	@Test
	void isAppliedWhicheverCodecHasReadTheValue() {
		InstanceReader reader = new InstanceReader(InstancePlaces.below("services"),
				List.of(new JsonCodec(), new AddressCodec()),
				new InstanceLimits(AllowedNetworks.of(List.of("10.0.0.0/8")), 10));
		InstanceKey key = reader.key("services/app/1");
		assertThat(reader.read(key, "http://10.0.0.1:80")).hasSize(1);
		for (String value : List.of("http://169.254.169.254:80", "{\"host\":\"11.0.0.1\",\"port\":80}",
				"{\"Op\":0,\"Addr\":\"localhost:80\"}")) {
			assertThatExceptionOfType(InvalidInstanceException.class).isThrownBy(() -> reader.read(key, value))
				.withMessageContaining("'allowed-networks'");
		}
	}

	private static ThrowableAssertAlternative<InvalidInstanceException> assertRefused(String network, String host) {
		return assertThatExceptionOfType(InvalidInstanceException.class)
			.isThrownBy(() -> AllowedNetworks.of(List.of(network)).requireAllowed(host));
	}

}
