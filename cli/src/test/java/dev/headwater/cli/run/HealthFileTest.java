package dev.headwater.cli.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.log.failure.HeadwaterException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HealthFileTest {
  @TempDir private Path directory;

  @Test
  void withoutTheVariableThereIsNone() {
    assertThat(HealthFile.of(Map.of())).isEmpty();
    assertThat(HealthFile.of(Map.of(HealthFile.VARIABLE, " "))).isEmpty();
  }

  @Test
  void everyWorkerHasALine() throws IOException {
    Path file = directory.resolve("health");
    HealthFile health = open(file);
    health.report(
        new TreeMap<>(Map.of("sink/customer-cache", "failed", "connector/shop", "streaming")));
    assertThat(Files.readAllLines(file))
        .containsExactly("connector/shop streaming", "sink/customer-cache failed");
    health.report(Map.of("connector/shop", "stopped"));
    assertThat(Files.readAllLines(file)).containsExactly("connector/shop stopped");
    try (var files = Files.list(directory)) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void whatAFormerProcessSaidIsGone() throws IOException {
    Path file = Files.writeString(directory.resolve("health"), "connector/shop streaming\n");
    open(file);
    assertThat(file).doesNotExist();
  }

  @Test
  void aPlaceThatCannotBeWrittenIsToldAtOnce() {
    Path file = directory.resolve("missing").resolve("health");
    assertThatThrownBy(() -> HealthFile.of(Map.of(HealthFile.VARIABLE, file.toString())))
        .isInstanceOf(HeadwaterException.class)
        .hasMessageContaining(file.toString());
  }

  private static HealthFile open(Path file) {
    return HealthFile.of(Map.of(HealthFile.VARIABLE, file.toString())).orElseThrow();
  }
}
