package dev.headwater.cli.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Keeps the schema that editors read level with the fields that the loader knows. */
class ConfigSchemaTest {
  private static final Path COMMITTED = Path.of("..", "docs", "connectors.schema.json");

  private static final String REGENERATE =
      "./mvnw -q test -pl cli -am -Dtest=ConfigSchemaTest"
          + " -Dsurefire.failIfNoSpecifiedTests=false -Dschema.write=true";

  @Test
  void theCommittedSchemaIsTheOneTheLoaderKnows() throws IOException {
    String schema = ConfigSchema.json().replace("\r\n", "\n") + "\n";
    if (Boolean.getBoolean("schema.write")) {
      Files.writeString(COMMITTED, schema);
    }
    assertThat(COMMITTED).as("write it with: %s", REGENERATE).exists();
    assertThat(Files.readString(COMMITTED))
        .as("docs/connectors.schema.json has drifted; write it again with: %s", REGENERATE)
        .isEqualTo(schema);
  }
}
