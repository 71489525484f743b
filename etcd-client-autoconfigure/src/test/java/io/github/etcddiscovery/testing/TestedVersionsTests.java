package io.github.etcddiscovery.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Documents name versions of etcd that the scripts test.
 */
class TestedVersionsTests {

	private static final Path ROOT = Path.of("..");

	private static final Pattern MODULE = Pattern.compile("go\\.etcd\\.io/etcd/server/v3 v(3\\.\\d+\\.\\d+)");

	private static final Pattern IMAGE = Pattern.compile("/etcd:v(\\d+\\.\\d+\\.\\d+)");

	@Test
	void imagesInDocumentsAreOfVersionsThatAreTested() throws IOException {
		Set<String> named = new TreeSet<>();
		try (Stream<Path> pages = Files.list(ROOT.resolve("docs"))) {
			for (Path page : pages.filter(Files::isRegularFile).toList()) {
				named.addAll(versions(IMAGE, page));
			}
		}
		named.addAll(versions(IMAGE, ROOT.resolve("docker-compose.yml")));
		assertThat(named).isNotEmpty().isSubsetOf(tested());
	}

	@Test
	void securityPageAndOperationsPageNameTheVersionsThatAreTested() throws IOException {
		for (String version : tested()) {
			assertThat(ROOT.resolve("SECURITY.md")).content().contains(version);
			assertThat(ROOT.resolve("docs/operations.md")).content().contains(version);
		}
	}

	private static Set<String> tested() throws IOException {
		Set<String> tested = new TreeSet<>();
		for (String line : List.of("3.5", "3.6", "3.7")) {
			Set<String> versions = versions(MODULE, ROOT.resolve("script/etcd/" + line + "/go.mod"));
			assertThat(versions).hasSize(1).allSatisfy((version) -> assertThat(version).startsWith(line + "."));
			tested.addAll(versions);
		}
		return tested;
	}

	private static Set<String> versions(Pattern pattern, Path file) throws IOException {
		Set<String> versions = new TreeSet<>();
		Matcher matcher = pattern.matcher(Files.readString(file));
		while (matcher.find()) {
			versions.add(matcher.group(1));
		}
		return versions;
	}

}
