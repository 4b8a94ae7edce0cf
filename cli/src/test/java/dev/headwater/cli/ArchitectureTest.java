package dev.headwater.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The arrows of ARCHITECTURE.md, and who may import which client library. */
@AnalyzeClasses(packages = "dev.headwater", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String CLI = "dev.headwater.cli..";
  private static final String CAPTURE = "dev.headwater.capture..";
  private static final String SNAPSHOT = "dev.headwater.snapshot..";
  private static final String SINKS = "dev.headwater.sinks..";
  private static final String LOG_STORE = "dev.headwater.log..";
  private static final String DEV_SERVICES = "dev.headwater.devservices..";

  @ArchTest
  static final ArchRule logStoreKnowsNothingAboveIt =
      noClasses()
          .that()
          .resideInAPackage(LOG_STORE)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(CLI, CAPTURE, SNAPSHOT, SINKS, DEV_SERVICES)
          .because(
              "log-store is the language everyone above speaks; declare an interface in log-store"
                  + " and implement it above, or hand the value in as an argument");

  @ArchTest
  static final ArchRule captureUsesOnlyTheLog =
      noClasses()
          .that()
          .resideInAPackage(CAPTURE)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(CLI, SNAPSHOT, SINKS, DEV_SERVICES)
          .because(
              "siblings never meet; declare a port in log-store (as TableLoader is) and let"
                  + " cli.run.Pipeline put the two together, or move what both need to log-store");

  @ArchTest
  static final ArchRule snapshotUsesOnlyTheLog =
      noClasses()
          .that()
          .resideInAPackage(SNAPSHOT)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(CLI, CAPTURE, SINKS, DEV_SERVICES)
          .because(
              "siblings never meet; hand rows to a callback and let cli.run.Pipeline connect it, or"
                  + " move what both need to log-store");

  @ArchTest
  static final ArchRule sinksUseOnlyTheLog =
      noClasses()
          .that()
          .resideInAPackage(SINKS)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(CLI, CAPTURE, SNAPSHOT, DEV_SERVICES)
          .because(
              "a sink can be rebuilt with the source gone, so it reads the log alone; put what it"
                  + " misses into the log's records or schemas");

  @ArchTest
  static final ArchRule devServicesStandAlone =
      noClasses()
          .that()
          .resideInAPackage(DEV_SERVICES)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(CLI, CAPTURE, SNAPSHOT, SINKS, LOG_STORE)
          .because(
              "every module tests with the servers, so they can use none of them; pass addresses"
                  + " and settings in, as ServerOptions does");

  @ArchTest
  static final ArchRule onlyTheDemoStartsServers =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.headwater.cli.demo..", DEV_SERVICES)
          .should()
          .dependOnClassesThat()
          .resideInAPackage(DEV_SERVICES)
          .because(
              "servers of our own are for the demo and the tests; connect to an address of"
                  + " connectors.yaml instead");

  @ArchTest
  static final ArchRule debeziumStaysInItsAdapter =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.headwater.capture.debezium..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.debezium..", "org.apache.kafka.connect..")
          .because("Debezium is behind capture.ChangeSource; widen that port instead");

  @ArchTest
  static final ArchRule jedisStaysInItsAdapter =
      noClasses()
          .that()
          .resideOutsideOfPackages("dev.headwater.sinks.redis..", "dev.headwater.cli.demo..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("redis.clients..")
          .because("Redis is behind sinks.Sink; go through Sinks.generations instead");

  @ArchTest
  static final ArchRule openSearchClientStaysInItsAdapter =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.headwater.sinks.opensearch..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.opensearch.client..")
          .because(
              "OpenSearch is behind sinks.Sink; go through Sinks.generations instead, or speak"
                  + " plain HTTP where only a look is wanted");

  @ArchTest
  static final ArchRule picocliStaysInTheCommandLine =
      noClasses()
          .that()
          .resideOutsideOfPackage(CLI)
          .should()
          .dependOnClassesThat()
          .resideInAPackage("picocli..")
          .because(
              "options become plain values at the edge; take them as arguments, and throw a"
                  + " HeadwaterException where a command should fail");

  @ArchTest
  static final ArchRule yamlStaysInTheConfiguration =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.headwater.cli.config..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.snakeyaml..")
          .because(
              "the file is read and checked in one place; add a ConfigField and take the typed"
                  + " value from HeadwaterConfig");

  @ArchTest
  static final ArchRule brokerStaysEmbedded =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "dev.headwater.log.embedded..", "dev.headwater.devservices.process..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("kafka.server..")
          .because("a broker is an address; open the log with LogConnection.open instead");

  @ArchTest
  static final ArchRule kafkaClientsStayInTheLogStore =
      noClasses()
          .that()
          .resideOutsideOfPackages(LOG_STORE, DEV_SERVICES)
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.apache.kafka.clients..")
          .because(
              "the log has two doors, log.append and log.replay; go through LogAppender,"
                  + " GroupReader or ReplayReader instead");
}
