package dev.headwater.cli.config;

import dev.headwater.cli.config.HeadwaterConfig.Connector;
import dev.headwater.cli.config.HeadwaterConfig.Console;
import dev.headwater.log.config.LogConfig;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.sinks.SinkConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.Node;

/** Reads {@code connectors.yaml}: all of it is checked, and all that is wrong is told at once. */
public final class ConfigLoader {
  private static final int MAX_BYTES = 1 << 20;

  private ConfigLoader() {}

  /**
   * Reads a file, offline: nothing it names is connected to.
   *
   * @param file the file; relative <code>${file:…}</code> references are relative to its directory
   * @param environment the value of a variable, or null where it is not set
   * @throws HeadwaterException with {@link FailureCode#CONFIGURATION_INVALID} and one line a
   *     problem
   */
  public static HeadwaterConfig load(Path file, Function<String, @Nullable String> environment) {
    return parse(text(file), file, environment);
  }

  /** The same of a text that is, or is to become, the file's. */
  public static HeadwaterConfig parse(
      String text, Path file, Function<String, @Nullable String> environment) {
    ConfigProblems problems = new ConfigProblems();
    Optional<Node> node = YamlParser.parse(text, problems);
    problems.throwIfAny(file.toString());
    if (node.isEmpty()) {
      throw unreadable(
          file, "is empty", "The repository's connectors.yaml is an example to begin with.", null);
    }
    Path parent = file.toAbsolutePath().getParent();
    References references = new References(parent == null ? Path.of("") : parent, environment);
    HeadwaterConfig config = bind(new YamlNode(node.get(), "", references, problems));
    problems.throwIfAny(file.toString());
    return config;
  }

  private static HeadwaterConfig bind(YamlNode node) {
    YamlNode.Block root = node.block(ConfigSchema.ROOT);
    root.get("version").ifPresent(version -> version.integer(1, 1));
    LogConfig log = root.get("log").map(n -> LogBinder.bind(n)).orElseGet(LogConfig::embedded);
    List<YamlNode> connectorNodes = root.items("connectors");
    Map<String, YamlNode> names = new HashMap<>();
    List<Connector> connectors = ConnectorBinder.bind(connectorNodes, names);
    root.get("log").ifPresent(n -> LogBinder.checkTables(n, connectors));
    root.get("connectors")
        .filter(n -> connectorNodes.isEmpty() && !n.isScalar() || n.isNull())
        .ifPresent(n -> n.problem("needs at least one connector"));
    List<SinkConfig> sinks = new SinkBinder(connectors, names).bind(root.items("sinks"));
    Console console = root.get("console").map(ConsoleBinder::bind).orElse(Console.DEFAULT);
    return new HeadwaterConfig(log, connectors, sinks, console);
  }

  private static String text(Path file) {
    try {
      if (Files.isDirectory(file)) {
        throw unreadable(file, "is a directory", "Name the file itself with -f FILE.", null);
      }
      // A pipe may never end.
      if (Files.exists(file) && !Files.isRegularFile(file)) {
        throw unreadable(file, "is not a regular file", "Name the file itself with -f FILE.", null);
      }
      byte[] bytes;
      try (var in = Files.newInputStream(file)) {
        bytes = in.readNBytes(MAX_BYTES + 1);
      }
      if (bytes.length > MAX_BYTES) {
        throw unreadable(file, "is larger than 1 MiB", "Name the right file with -f FILE.", null);
      }
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      if (text.startsWith("\uFEFF")) {
        String what = "starts with a byte order mark";
        throw unreadable(file, what, "Save it as UTF-8 without BOM.", null);
      }
      return text;
    } catch (NoSuchFileException e) {
      String hint =
          "Name it with -f FILE; the repository's connectors.yaml is an example to begin with.";
      throw unreadable(file, "does not exist", hint, e);
    } catch (CharacterCodingException e) {
      throw unreadable(file, "is not UTF-8 text", "Save it as UTF-8.", e);
    } catch (IOException e) {
      String what = "cannot be read (" + e.getClass().getSimpleName() + ")";
      throw unreadable(file, what, "Check who may read it.", e);
    }
  }

  private static HeadwaterException unreadable(
      Path file, String what, String hint, @Nullable Throwable cause) {
    return new HeadwaterException(
        FailureCode.CONFIGURATION_INVALID, "file '" + file + "' – " + what, hint, cause);
  }
}
