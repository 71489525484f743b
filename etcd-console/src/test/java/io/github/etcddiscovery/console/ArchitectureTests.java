package io.github.etcddiscovery.console;

import java.util.Arrays;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

import org.springframework.boot.autoconfigure.AutoConfiguration;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

/**
 * Keeps the console to the rooms that it shows, and what is optional in its corner.
 */
@AnalyzeClasses(packagesOf = ArchitectureTests.class, importOptions = DoNotIncludeTests.class)
class ArchitectureTests {

	private static final String BASE = "io.github.etcddiscovery";

	private static final String[] ROOMS = { "actuate", "autoconfigure", "catalog", "client", "console", "core",
			"discovery", "instance", "lease", "loadbalancer", "registry", "watch" };

	@ArchTest
	final ArchRule consoleKnowsWhatItShows = noClasses().should()
		.dependOnClassesThat(resideInAPackage(BASE + "..").and(DescribedPredicate.not(resideInAnyPackage(packages())))
			.as("are in a room that the console does not show"));

	@ArchTest
	final ArchRule wiringIsKnownToWiringOnly = noClasses().that()
		.haveSimpleNameNotEndingWith("Configuration")
		.should()
		.dependOnClassesThat(resideInAPackage(BASE + ".autoconfigure.."));

	@ArchTest
	final ArchRule etcdIsAskedThroughTheConnectionOnly = noClasses().should()
		.dependOnClassesThat(resideInAPackage("io.etcd.."));

	/**
	 * Either stack is optional, so what knows one does not know the other.
	 */
	@ArchTest
	final ArchRule stacksAreKeptApart = noClasses()
		.that(DescribedPredicate.describe("know servlets",
				(type) -> type.getDirectDependenciesFromSelf()
					.stream()
					.anyMatch((to) -> to.getTargetClass().getPackageName().startsWith("jakarta.servlet"))))
		.should()
		.dependOnClassesThat(resideInAnyPackage("org.springframework.web.server..", "reactor.."));

	@ArchTest
	final ArchRule securityIsOptional = noClasses().that(isNot("Csrf"))
		.should()
		.dependOnClassesThat(resideInAPackage("org.springframework.security.."));

	@ArchTest
	final ArchRule onlyTheWriterWrites = noClasses().that()
		.haveSimpleNameNotStartingWith("OverrideWriter")
		.and()
		.haveSimpleNameNotEndingWith("Configuration")
		.should()
		.dependOnClassesThat(resideInAPackage(BASE + ".lease..").and(isNot("LeaseStatus")));

	@ArchTest
	final ArchRule autoConfigurationsAreFinal = classes().that()
		.areAnnotatedWith(AutoConfiguration.class)
		.should()
		.haveModifier(JavaModifier.FINAL);

	private static DescribedPredicate<JavaClass> isNot(String simpleName) {
		return DescribedPredicate.describe("are not " + simpleName, (type) -> !type.getSimpleName().equals(simpleName));
	}

	private static String[] packages() {
		return Arrays.stream(ROOMS).map((room) -> BASE + "." + room + "..").toArray(String[]::new);
	}

}
