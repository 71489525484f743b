package io.github.etcddiscovery.coordination;

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
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

/**
 * Keeps the rooms of coordination apart, and coordination from discovery.
 */
@AnalyzeClasses(packagesOf = ArchitectureTests.class, importOptions = DoNotIncludeTests.class)
class ArchitectureTests {

	private static final String BASE = "io.github.etcddiscovery";

	private static final String HOME = BASE + ".coordination";

	@ArchTest
	final ArchRule roomsAreFreeOfCycles = slices().matching(HOME + ".(*)..").should().beFreeOfCycles();

	@ArchTest
	final ArchRule homeImportsNoRoomOfItsOwn = room("").imports("core", "watch", "lease");

	@ArchTest
	final ArchRule leaderStandsOnTheLease = room(".leader").imports("core", "watch", "lease", "coordination");

	@ArchTest
	final ArchRule lockStandsOnTheLease = room(".lock").imports("core", "lease", "coordination");

	@ArchTest
	final ArchRule integrationKnowsLeadersAndLocks = room(".integration").imports("coordination", "coordination.leader",
			"coordination.lock");

	@ArchTest
	final ArchRule shedlockKnowsTheStoreOnly = room(".shedlock").imports("core", "watch", "lease");

	@ArchTest
	final ArchRule actuateKnowsLeaders = room(".actuate").imports("core", "lease", "coordination",
			"coordination.leader");

	@ArchTest
	final ArchRule metricsKnowLeadersAndLocks = room(".metrics").imports("coordination", "coordination.leader",
			"coordination.lock");

	@ArchTest
	final ArchRule nobodyNeedsDiscovery = noClasses().should()
		.dependOnClassesThat(resideInAnyPackage("org.springframework.cloud..", BASE + ".registry..",
				BASE + ".discovery..", BASE + ".instance.."));

	@ArchTest
	final ArchRule springIntegrationIsOptional = noClasses().that()
		.resideOutsideOfPackages(HOME + ".integration..", HOME + ".autoconfigure..")
		.should()
		.dependOnClassesThat(resideInAPackage("org.springframework.integration.."));

	@ArchTest
	final ArchRule shedLockIsOptional = noClasses().that()
		.resideOutsideOfPackages(HOME + ".shedlock..", HOME + ".autoconfigure..")
		.should()
		.dependOnClassesThat(resideInAPackage("net.javacrumbs.."));

	@ArchTest
	final ArchRule autoConfigurationsAreFinal = classes().that()
		.areAnnotatedWith(AutoConfiguration.class)
		.should()
		.haveModifier(JavaModifier.FINAL)
		.andShould()
		.resideInAPackage(HOME + ".autoconfigure..");

	private static Room room(String name) {
		return new Room(HOME + name);
	}

	private record Room(String name) {

		ArchRule imports(String... rooms) {
			String[] allowed = Arrays.stream(rooms).map((room) -> BASE + "." + room).toArray(String[]::new);
			DescribedPredicate<JavaClass> others = resideInAPackage(BASE + "..")
				.and(DescribedPredicate.not(resideInAPackage(this.name)))
				.and(DescribedPredicate.not(resideInAnyPackage(allowed)));
			return noClasses().that()
				.resideInAPackage(this.name)
				.should()
				.dependOnClassesThat(others.as("are in a room other than %s", Arrays.toString(rooms)));
		}

	}

}
