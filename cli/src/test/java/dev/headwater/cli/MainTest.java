package dev.headwater.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The command line as a user meets it: help, exit codes, errors and JSON. */
class MainTest {
  private static final List<String> COMMANDS =
      List.of(
          "demo",
          "init",
          "validate",
          "run",
          "capture",
          "sink",
          "snapshot",
          "verify",
          "trace",
          "status",
          "rebuild",
          "rollback",
          "wait",
          "pause",
          "resume",
          "restart",
          "dlq",
          "log",
          "generate-completion");

  @Test
  void helpListsEveryCommand() {
    Outcome help = run("--help");

    assertThat(help.exitCode()).isZero();
    assertThat(help.out()).contains("Exit codes:");
    assertThat(Main.commandLine().getSubcommands()).containsOnlyKeys(COMMANDS);
    for (String command : COMMANDS) {
      assertThat(help.out()).containsPattern("(?m)^  " + command + " ");
    }
  }

  private static List<String> ownCommands() {
    // The last is picocli's.
    return COMMANDS.subList(0, COMMANDS.size() - 1);
  }

  @ParameterizedTest
  @MethodSource("ownCommands")
  void helpOfEveryCommandHasAnExample(String command) {
    Outcome help = run(command, "--help");

    assertThat(help.exitCode()).isZero();
    assertThat(help.out()).containsPattern("Examples?:\\R  headwater " + command);
  }

  @Test
  void helpOfCompletionSaysHowToUseIt() {
    assertThat(run("generate-completion", "--help").out()).contains("source <(headwater");
  }

  @ParameterizedTest
  @ValueSource(strings = {"topics", "tail", "get", "stats"})
  void everyWayIntoTheLogIsInItsExamples(String way) {
    assertThat(run("log", "--help").out()).contains("\n  headwater log " + way);
  }

  @ParameterizedTest
  @ValueSource(strings = {"list", "show", "retry", "discard"})
  void everythingThatIsDoneWithParkedRowsIsInItsExamples(String what) {
    assertThat(run("dlq", "--help").out()).contains("\n  headwater dlq " + what);
  }

  @Test
  void unknownCommandIsWrongUsage() {
    Outcome outcome = run("valdate");

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err()).contains("valdate").contains("validate").doesNotContain("\tat ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "log",
        "dlq",
        "dlq list",
        "capture",
        "sink",
        "status --wach",
        "validate -o xml"
      })
  void incompleteOrWrongArgumentsAreWrongUsage(String line) {
    Outcome outcome = run(line.isEmpty() ? new String[0] : line.split(" "));

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err()).isNotBlank().doesNotContain("\tat ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"validate", "run", "capture shop", "sink cache", "status", "log topics"})
  void missingFileIsOneParagraphWithoutStackTrace(String line, @TempDir Path directory) {
    String missing = directory.resolve("missing.yaml").toString();
    Outcome outcome = run((line + " -f " + missing).split(" "));

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err()).startsWith("error: ").contains("missing.yaml");
    assertThat(outcome.err().strip()).doesNotContain("\n\n").doesNotContain("\tat ");
    assertThat(outcome.err().strip().lines()).hasSizeLessThanOrEqualTo(3);
  }

  @Test
  void missingFileWithJsonIsOneObject(@TempDir Path directory) throws IOException {
    String missing = directory.resolve("missing.yaml").toString();
    Outcome outcome = run("validate", "-o", "json", "-f", missing);

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(onlyObject(outcome.out()).at("/error/code").asText())
        .isEqualTo("CONFIGURATION_INVALID");
  }

  @ParameterizedTest
  @ValueSource(strings = {"validate --fil x -o json", "-o json valdate", "log -ojson"})
  void wrongUsageWithJsonIsOneObject(String line) throws IOException {
    Outcome outcome = run(line.split(" "));

    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(onlyObject(outcome.out()).at("/error/hint").asText()).contains("--help");
  }

  @Test
  void everyProblemOfAFileIsToldAndWithJsonOneByOne(@TempDir Path directory) throws IOException {
    Path file = Files.writeString(directory.resolve("c.yaml"), "version: 2\nconectors: []\n");
    Outcome text = run("validate", "-f", file.toString());
    Outcome json = run("validate", "-o", "json", "-f", file.toString());

    assertThat(text.exitCode()).isEqualTo(2);
    assertThat(text.err().lines())
        .containsExactly(
            "error: 3 problems",
            "  " + file + ":1:1  the field 'connectors' is required",
            "  " + file + ":1:10  version – expected 1, found '2'",
            "  " + file + ":2:1  conectors – unknown field; did you mean 'connectors'?",
            "  Correct the file, then run 'headwater validate'.");
    JsonNode problems = onlyObject(json.out()).at("/error/problems");
    assertThat(problems).hasSize(3);
    assertThat(problems.get(1).path("path").asText()).isEqualTo("version");
    assertThat(problems.get(1).path("column").asInt()).isEqualTo(10);
  }

  @Test
  void validateWithJsonPrintsOneObject() throws IOException {
    Outcome outcome = run("validate", "-o", "json", "-f", "../connectors.yaml");

    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.err()).isEmpty();
    JsonNode answer = onlyObject(outcome.out());
    assertThat(answer.path("valid").asBoolean()).isTrue();
    assertThat(answer.path("connectors")).extracting(JsonNode::asText).containsExactly("shop");
    assertThat(answer.path("sinks"))
        .extracting(JsonNode::asText)
        .containsExactly("customer-cache", "product-search", "reporting");
    assertThat(answer.at("/tables/reporting")).hasSize(1);
  }

  @Test
  void theConfigurationOfDockerComposeIsValid() {
    Outcome outcome = run("validate", "-f", "../docker/connectors.yaml");

    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.exitCode()).isZero();
  }

  private static JsonNode onlyObject(String text) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    try (MappingIterator<JsonNode> all = mapper.readerFor(JsonNode.class).readValues(text)) {
      List<JsonNode> objects = all.readAll();
      assertThat(objects).hasSize(1);
      assertThat(objects.get(0).isObject()).isTrue();
      return objects.get(0);
    }
  }

  private static Outcome run(String... args) {
    return Outcome.of(args);
  }
}
