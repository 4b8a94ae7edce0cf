package dev.headwater.faults;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The suite judges from outside, and nobody knows of it. */
@AnalyzeClasses(packages = "dev.headwater", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule theJudgeSharesNoCodeWithTheJudged =
      noClasses()
          .that()
          .resideInAPackage("dev.headwater.faults..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "dev.headwater.cli..",
              "dev.headwater.capture..",
              "dev.headwater.snapshot..",
              "dev.headwater.sinks..",
              "dev.headwater.log..")
          .because(
              "an oracle that decodes with our decoder believes its errors; read with a plain client,"
                  + " and start Headwater as a process");

  @ArchTest
  static final ArchRule nobodyKnowsTheSuite =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.headwater.faults..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("dev.headwater.faults..")
          .because("what is shipped does not know how it is broken; turn the arrow round");
}
