package io.github.etcddiscovery.config;

import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;

import org.springframework.boot.autoconfigure.AutoConfiguration;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

/**
 * Who may know whom.
 */
@AnalyzeClasses(packages = "io.github.etcddiscovery.config", importOptions = DoNotIncludeTests.class)
class ArchitectureTests {

	@ArchTest
	final ArchRule ofSpringCloudOnlyItsContextIsKnown = noClasses().should()
		.dependOnClassesThat()
		.resideInAnyPackage("org.springframework.cloud.client..", "org.springframework.cloud.loadbalancer..",
				"org.springframework.cloud.config..");

	@ArchTest
	final ArchRule discoveryIsNotKnown = noClasses().should()
		.dependOnClassesThat()
		.resideInAnyPackage("io.github.etcddiscovery.discovery..", "io.github.etcddiscovery.registry..",
				"io.github.etcddiscovery.instance..", "io.github.etcddiscovery.lease..");

	@ArchTest
	final ArchRule theEtcdClientIsBehindTheConnection = noClasses().should()
		.dependOnClassesThat()
		.resideInAnyPackage("io.etcd.jetcd..", "io.grpc..");

	@ArchTest
	final ArchRule nothingImportsTheWiring = noClasses().that()
		.resideOutsideOfPackage("io.github.etcddiscovery.config.autoconfigure..")
		.should()
		.dependOnClassesThat()
		.resideInAPackage("io.github.etcddiscovery.config.autoconfigure..");

	@ArchTest
	final ArchRule autoConfigurationsAreFinal = classes().that()
		.areAnnotatedWith(AutoConfiguration.class)
		.should()
		.haveModifier(JavaModifier.FINAL);

	@ArchTest
	final ArchRule roomsHaveNoCycles = SlicesRuleDefinition.slices()
		.matching("io.github.etcddiscovery.config.(*)..")
		.should()
		.beFreeOfCycles();

}
