package io.github.etcddiscovery.instance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import static org.assertj.core.api.Assertions.assertThatNoException;

/**
 * What a fuzzer has found worth keeping, as {@link InstanceReaderFuzzer} reads it.
 */
class FuzzedValuesTests {

	private static final Path INPUTS = Path.of("src/test/resources/io/github/etcddiscovery/instance/fuzz");

	@TestFactory
	Stream<DynamicTest> isReadAsAnInstanceOrRefusedWithASentence() throws IOException {
		return Files.list(INPUTS)
			.sorted()
			.map((input) -> DynamicTest.dynamicTest(input.getFileName().toString(), () -> assertThatNoException()
				.isThrownBy(() -> InstanceReaderFuzzer.fuzzerTestOneInput(Files.readAllBytes(input)))));
	}

}
