package dev.headwater.cli.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.schema.FailsafeSchema;

/**
 * Whole files: those under {@code configs/good} load, those under {@code configs/bad} give exactly
 * the text beside them. With {@code -Dgolden.write=true} that text is written anew: then read it.
 */
class ConfigFilesTest {
  private static final Path CONFIGS = Path.of("src/test/resources/configs");
  private static final boolean UPDATE = Boolean.getBoolean("golden.write");
  private static final Duration LIMIT = Duration.ofSeconds(1);
  private static final Map<String, String> ENVIRONMENT =
      Map.of(
          "PGPASSWORD", "canary-1",
          "MASK_KEY", "canary-2",
          "TOKEN", "canary-${PGPASSWORD}",
          "SECRET_URL", "u:canary-4@db",
          "EMPTY", "");

  @TempDir Path directory;

  static Stream<Path> good() throws IOException {
    return files("good");
  }

  static Stream<Path> bad() throws IOException {
    return files("bad");
  }

  private static Stream<Path> files(String kind) throws IOException {
    try (Stream<Path> files = Files.list(CONFIGS.resolve(kind))) {
      return files.filter(f -> f.toString().endsWith(".yaml")).sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("good")
  void loads(Path file) {
    assertThatCode(() -> load(file)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @MethodSource("good")
  void readsTheSameWithEveryScalarQuotedInAnotherLayout(Path file) throws IOException {
    // Read by another reader as texts, lists and maps, written as JSON, which is YAML as well.
    LoadSettings textsOnly = LoadSettings.builder().setSchema(new FailsafeSchema()).build();
    Object content = new Load(textsOnly).loadFromString(Files.readString(file));
    Path other = directory.resolve(file.getFileName());
    Files.writeString(other, new ObjectMapper().writeValueAsString(content));
    Files.writeString(directory.resolve("secret.txt"), "from a file\n");

    assertThat(load(other)).isEqualTo(load(file));
  }

  @ParameterizedTest
  @MethodSource("bad")
  void tellsEveryProblem(Path file) throws IOException {
    long start = System.nanoTime();
    HeadwaterException failure = failure(file);
    Duration taken = Duration.ofNanos(System.nanoTime() - start);

    String told =
        (failure.getMessage() + "\nHint: " + failure.hint() + "\n")
            .replace(file.toString(), file.getFileName().toString());
    Path expected = Path.of(file.toString().replace(".yaml", ".expected"));
    if (UPDATE) {
      Files.writeString(expected, told);
    }
    assertThat(told).isEqualTo(Files.readString(expected));
    assertThat(told).doesNotContain("canary", "hunter2", "Exception", "\tat ");
    assertThat(failure.code()).isEqualTo(FailureCode.CONFIGURATION_INVALID);
    assertThat(taken).isLessThan(LIMIT);
  }

  @Test
  void problemsAreThereOneByOneToo() {
    HeadwaterException failure = failure(CONFIGS.resolve("bad/token-off-loopback.yaml"));

    assertThat(failure).hasCauseInstanceOf(InvalidConfigException.class);
    List<ConfigProblem> problems = ((InvalidConfigException) failure.getCause()).problems();
    assertThat(problems).hasSize(1);
    assertThat(problems.get(0).path()).isEqualTo("console.address");
  }

  @Test
  void aVariableInsideAVariableIsLeftAsItIs() {
    HeadwaterConfig config = load(CONFIGS.resolve("good/variables.yaml"));
    assertThat(config.console().token().orElseThrow().reveal()).isEqualTo("canary-${PGPASSWORD}");
    assertThat(config.connectors().get(0).capture().password().orElseThrow().reveal())
        .isEqualTo("from a file");
  }

  @Test
  void bytesThatAreNoTextAreRefused() throws IOException {
    byte[] nul = "version: 1\nuser: a\0b\n".getBytes(StandardCharsets.UTF_8);
    byte[] latin1 = "user: Jürgen".getBytes(StandardCharsets.ISO_8859_1);
    byte[] mark = "\uFEFFversion: 1\n".getBytes(StandardCharsets.UTF_8);
    byte[] utf16 = "version: 1\n".getBytes(StandardCharsets.UTF_16);

    assertThat(failure(write(nul))).hasMessageContaining("unprintable characters");
    assertThat(failure(write(latin1))).hasMessageContaining("is not UTF-8 text");
    assertThat(failure(write(mark))).hasMessageContaining("byte order mark");
    assertThat(failure(write(utf16))).hasMessageContaining("is not UTF-8 text");
  }

  @Test
  void aFileThatIsTooLargeIsRefusedQuickly() throws IOException {
    Path large = write(new byte[10 << 20]);
    long start = System.nanoTime();
    assertThat(failure(large)).hasMessageContaining("larger than 1 MiB");
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(LIMIT);
  }

  @Test
  void aFileThatIsNotThereIsNamed() {
    assertThat(failure(Path.of("no-such.yaml")))
        .hasMessage("file 'no-such.yaml' – does not exist")
        .hasNoSuppressedExceptions();
  }

  private static HeadwaterConfig load(Path file) {
    return ConfigLoader.load(file, ENVIRONMENT::get);
  }

  private static HeadwaterException failure(Path file) {
    return catchThrowableOfType(HeadwaterException.class, () -> load(file));
  }

  private Path write(byte[] content) throws IOException {
    return Files.write(directory.resolve("connectors.yaml"), content);
  }
}
