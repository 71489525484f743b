package io.github.etcddiscovery;

import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.Date;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;

import org.springframework.boot.autoconfigure.AutoConfiguration;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

/**
 * Keeps the rooms of the code apart: who may import whom, where the etcd client and the
 * wall clock may be touched, and what auto-configuration may show.
 */
@AnalyzeClasses(packagesOf = ArchitectureTests.class,
		importOptions = { DoNotIncludeTests.class, ArchitectureTests.DoNotIncludeTestJars.class })
class ArchitectureTests {

	private static final String BASE = "io.github.etcddiscovery";

	// Rooms that are still empty are named here already: the rule is there before the
	// code is.
	private static final String[] ROOMS = { "actuate", "autoconfigure", "catalog", "client", "core", "discovery",
			"docker.compose", "grpc", "health", "instance", "lease", "loadbalancer", "metrics", "probe", "registry",
			"testcontainers", "watch" };

	@ArchTest
	final ArchRule everyClassHasARoom = classes().should().resideInAnyPackage(packages(ROOMS));

	@ArchTest
	final ArchRule roomsAreFreeOfCycles = slices().matching(BASE + ".(*)..").should().beFreeOfCycles();

	@ArchTest
	final ArchRule coreImportsNoRoom = room("core").imports();

	@ArchTest
	final ArchRule instanceImportsCore = room("instance").imports("core");

	@ArchTest
	final ArchRule watchImportsCore = room("watch").imports("core");

	@ArchTest
	final ArchRule leaseImportsCoreAndWatch = room("lease").imports("core", "watch");

	@ArchTest
	final ArchRule registryImportsCoreInstanceWatchAndLease = room("registry").imports("core", "instance", "watch",
			"lease");

	@ArchTest
	final ArchRule clientImportsThePortsThatItServes = room("client").imports("core", "watch", "lease");

	@ArchTest
	final ArchRule probeImportsCoreAndInstance = room("probe").imports("core", "instance");

	@ArchTest
	final ArchRule catalogKnowsNothingOfItsFace = room("catalog").imports("core", "instance", "watch", "probe");

	@ArchTest
	final ArchRule discoveryIsTheFaceOfTheCatalog = room("discovery").imports("core", "instance", "watch", "probe",
			"catalog");

	@ArchTest
	final ArchRule loadbalancerSeesNoClient = room("loadbalancer").imports("core", "instance", "registry", "probe",
			"discovery");

	@ArchTest
	final ArchRule grpcSeesNoClient = room("grpc").imports("core", "instance", "registry", "discovery");

	@ArchTest
	final ArchRule healthImportsWhatItShows = room("health").imports("core", "instance", "watch", "lease", "client",
			"registry", "discovery");

	@ArchTest
	final ArchRule metricsSeeNoClient = room("metrics").imports("core", "instance", "watch", "lease", "registry",
			"catalog", "discovery");

	@ArchTest
	final ArchRule actuateSeesNoClient = room("actuate").imports("core", "instance", "watch", "lease", "registry",
			"discovery", "catalog");

	@ArchTest
	final ArchRule dockerComposeImportsClient = room("docker.compose").imports("client");

	@ArchTest
	final ArchRule testcontainersImportClient = room("testcontainers").imports("client");

	@ArchTest
	final ArchRule whatNeedsNoDiscoveryKnowsNoSpringCloud = noClasses().that()
		.resideInAnyPackage(packages("core", "watch", "lease", "client", "testcontainers", "docker.compose"))
		.should()
		.dependOnClassesThat(resideInAPackage("org.springframework.cloud.."));

	@ArchTest
	final ArchRule watchAndLeaseKnowNeitherSpringNorJetcd = noClasses().that()
		.resideInAnyPackage(packages("watch", "lease"))
		.should()
		.dependOnClassesThat(resideInAnyPackage("org.springframework..", "io.etcd.."))
		.allowEmptyShould(true);

	@ArchTest
	final ArchRule onlyClientAndTheWiringKnowJetcd = noClasses().that()
		.resideOutsideOfPackages(packages("client", "autoconfigure", "testcontainers"))
		.should()
		.dependOnClassesThat(resideInAPackage("io.etcd.."))
		.allowEmptyShould(true);

	@ArchTest
	final ArchRule testcontainersKnowOnlyTheLauncherOfJetcd = noClasses().that()
		.resideInAPackage(packageOf("testcontainers"))
		.should()
		.dependOnClassesThat(
				resideInAPackage("io.etcd..").and(DescribedPredicate.not(resideInAPackage("io.etcd.jetcd.launcher.."))))
		.allowEmptyShould(true);

	@ArchTest
	final ArchRule autoConfigurationsAreFinal = classes().that()
		.areAnnotatedWith(AutoConfiguration.class)
		.should()
		.haveModifier(JavaModifier.FINAL)
		.andShould()
		.resideInAPackage(packageOf("autoconfigure"))
		.allowEmptyShould(true);

	@ArchTest
	final ArchRule autoConfigurationsHaveNoPublicMethods = methods().that()
		.areDeclaredInClassesThat(areAutoConfigurationsOrNestedInOne())
		.and()
		.arePublic()
		.should(implementASupertype())
		.allowEmptyShould(true);

	@ArchTest
	final ArchRule autoConfigurationsHaveNoPublicFields = fields().that()
		.areDeclaredInClassesThat(areAutoConfigurationsOrNestedInOne())
		.should()
		.notBePublic()
		.allowEmptyShould(true);

	@ArchTest
	final ArchRule nothingSleeps = noClasses().should()
		.accessTargetWhere(isCallOf(Thread.class, "sleep").or(isCallOf(TimeUnit.class, "sleep")));

	@ArchTest
	final ArchRule theWallClockIsNotRead = noClasses().that()
		.resideInAnyPackage(packages("core", "watch", "lease", "registry", "client"))
		.should()
		.accessTargetWhere(readsTheWallClock())
		.allowEmptyShould(true);

	private static Room room(String name) {
		return new Room(name);
	}

	private static String[] packages(String... rooms) {
		return Arrays.stream(rooms).map(ArchitectureTests::packageOf).toArray(String[]::new);
	}

	private static String packageOf(String room) {
		return BASE + "." + room + "..";
	}

	private static DescribedPredicate<JavaClass> areAutoConfigurationsOrNestedInOne() {
		return DescribedPredicate.describe("are auto-configurations or nested in one",
				(type) -> Stream
					.iterate(type, (current) -> current != null, (current) -> current.getEnclosingClass().orElse(null))
					.anyMatch((current) -> current.isAnnotatedWith(AutoConfiguration.class)));
	}

	private static ArchCondition<JavaMethod> implementASupertype() {
		return new ArchCondition<>("implement a method of a supertype") {

			@Override
			public void check(JavaMethod method, ConditionEvents events) {
				JavaClass owner = method.getOwner();
				boolean satisfied = Stream
					.concat(owner.getAllRawInterfaces().stream(), owner.getAllRawSuperclasses().stream())
					.flatMap((supertype) -> supertype.getMethods().stream())
					.anyMatch((candidate) -> candidate.getName().equals(method.getName())
							&& candidate.getRawParameterTypes().size() == method.getRawParameterTypes().size());
				events.add(new SimpleConditionEvent(method, satisfied,
						method.getDescription() + " is public in " + method.getSourceCodeLocation()));
			}

		};
	}

	private static DescribedPredicate<JavaAccess<?>> isCallOf(Class<?> owner, String... names) {
		Set<String> named = Set.of(names);
		return DescribedPredicate.describe("is a call of " + owner.getSimpleName() + "." + named,
				(access) -> access.getTargetOwner().isEquivalentTo(owner) && named.contains(access.getName()));
	}

	private static DescribedPredicate<JavaAccess<?>> readsTheWallClock() {
		return isCallOf(System.class, "currentTimeMillis")
			.or(isCallOf(Clock.class, "systemUTC", "systemDefaultZone", "system", "tickMillis", "tickSeconds",
					"tickMinutes"))
			.or(isCallWithoutClock())
			.as("reads the wall clock");
	}

	private static DescribedPredicate<JavaAccess<?>> isCallWithoutClock() {
		Set<Class<?>> readers = Set.of(Instant.class, LocalDate.class, LocalDateTime.class, LocalTime.class,
				OffsetDateTime.class, ZonedDateTime.class);
		return DescribedPredicate.describe("reads the time without a clock", (access) -> {
			if (!(access.getTarget() instanceof CodeUnitAccessTarget target)) {
				return false;
			}
			boolean withoutClock = target.getRawParameterTypes()
				.stream()
				.noneMatch((type) -> type.isEquivalentTo(Clock.class));
			boolean now = target.getName().equals("now")
					&& readers.stream().anyMatch((reader) -> target.getOwner().isEquivalentTo(reader));
			boolean date = target.getOwner().isEquivalentTo(Date.class) && target.getRawParameterTypes().isEmpty()
					&& target.getName().equals("<init>");
			return (now && withoutClock) || date;
		});
	}

	/**
	 * The tests of the modules below, once they are packaged.
	 */
	static final class DoNotIncludeTestJars implements ImportOption {

		@Override
		public boolean includes(Location location) {
			return !location.contains("-tests.jar");
		}

	}

	/**
	 * A package with one concern and everything below it.
	 *
	 * @param name the name of the package under the base package
	 */
	private record Room(String name) {

		ArchRule imports(String... rooms) {
			DescribedPredicate<JavaClass> others = resideInAPackage(BASE + "..")
				.and(DescribedPredicate.not(resideInAPackage(packageOf(this.name))))
				.and(DescribedPredicate.not(resideInAnyPackage(packages(rooms))));
			return noClasses().that()
				.resideInAPackage(packageOf(this.name))
				.should()
				.dependOnClassesThat(others.as("are in a room other than %s", Arrays.toString(rooms)))
				.allowEmptyShould(true);
		}

	}

}
