package dev.headwater.cli.command;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.capture.CaptureCheck;
import dev.headwater.capture.CaptureConfig;
import dev.headwater.capture.SourceSurvey;
import dev.headwater.capture.SourceSurvey.Found;
import dev.headwater.cli.Console;
import dev.headwater.cli.GlobalOptions;
import dev.headwater.cli.config.ConfigLoader;
import dev.headwater.cli.config.ConfigProblem;
import dev.headwater.cli.config.InvalidConfigException;
import dev.headwater.cli.config.StarterFile;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code init --url URL}: looks at a database and writes a file to begin with. */
@Command(
    name = "init",
    mixinStandardHelpOptions = true,
    description = {
      "Looks at a database, changes nothing there, and writes a connectors.yaml with its tables.",
      "The password is taken from PGPASSWORD and is not written: the file refers to the variable."
    },
    footer = {
      "",
      "Examples:",
      "  headwater init --url postgresql://localhost:5432/shop --user headwater",
      "  headwater init --url postgresql://db:5432/shop -f shop.yaml"
    })
public final class InitCommand implements Callable<Integer> {
  @Mixin private GlobalOptions options;

  @Option(
      names = "--url",
      required = true,
      paramLabel = "URL",
      description = "The database, as postgresql://host[:port]/database.")
  private String url = "";

  @Option(
      names = "--user",
      paramLabel = "USER",
      defaultValue = "${env:PGUSER:-postgres}",
      description = "Who connects (default: PGUSER, or postgres).")
  private String user = "";

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "The connector's name (default: the database's).")
  private Optional<String> name = Optional.empty();

  @Override
  public Integer call() throws IOException {
    if (Files.exists(options.file())) {
      throw exists(null);
    }
    boolean hasPassword = System.getenv("PGPASSWORD") != null;
    StarterFile file = new StarterFile(name.orElseGet(this::databaseName), url, user, hasPassword);
    // Any table will do for the connection; what the URL, user and name lack is told by the loader.
    CaptureConfig source = fromOptions(file.text(List.of(ANY)));
    List<Found> tables = SourceSurvey.tables(source);
    String text = file.text(tables);
    try {
      Files.writeString(options.file(), text, StandardOpenOption.CREATE_NEW);
    } catch (FileAlreadyExistsException e) {
      throw exists(e);
    }
    tell(tables, text);
    return 0;
  }

  private static final Found ANY = new Found("*", "*", 0, 0, List.of(), Optional.empty());

  /** What is wrong with the file is wrong with the option it was made from. */
  private CaptureConfig fromOptions(String text) {
    try {
      return source(text);
    } catch (HeadwaterException e) {
      if (e.getCause() instanceof InvalidConfigException invalid) {
        ConfigProblem first = invalid.problems().get(0);
        String option = "--" + first.path().replaceFirst(".*\\.", "");
        throw new HeadwaterException(
            e.code(), option + " – " + first.message(), "See 'headwater init --help'.", e);
      }
      throw e;
    }
  }

  private CaptureConfig source(String text) {
    return ConfigLoader.parse(text, options.file(), System.getenv()::get)
        .connectors()
        .get(0)
        .capture();
  }

  private String databaseName() {
    String database = url.replaceFirst("\\?.*", "").replaceFirst(".*/", "");
    String plain = database.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_-]+", "-");
    return plain.matches("[a-z].*") ? plain : "source";
  }

  private void tell(List<Found> tables, String text) {
    Console console = options.console();
    List<Found> able = tables.stream().filter(t -> t.obstacle().isEmpty()).toList();
    Optional<HeadwaterException> notReady = able.isEmpty() ? Optional.empty() : check(text);
    if (console.isJson()) {
      ObjectNode json = new ObjectMapper().createObjectNode();
      json.put("file", options.file().toString()).put("ready", notReady.isEmpty());
      tables.forEach(
          t ->
              json.withArray(t.obstacle().isEmpty() ? "tables" : "left_out")
                  .add(t.schema() + "." + t.name()));
      notReady.ifPresent(e -> json.put("not_ready", e.getMessage()));
      console.answer(json);
      return;
    }
    console.answer(
        console.green("wrote ")
            + options.file()
            + ": "
            + able.size()
            + " tables can be captured"
            + (able.size() == tables.size()
                ? ""
                : ", " + (tables.size() - able.size()) + " are left out as comments that say why"));
    if (able.isEmpty()) {
      console.answer("  Name at least one table under 'tables' before you go on.");
    }
    notReady.ifPresent(e -> console.answer("Before 'headwater run': " + e.getMessage()));
    console.answer(
        "Next: choose sinks in the file, then 'headwater validate' and 'headwater run'.");
  }

  /** What a start would find in the way; the file is written all the same. */
  private Optional<HeadwaterException> check(String text) {
    try {
      CaptureCheck.check(source(text));
      return Optional.empty();
    } catch (HeadwaterException e) {
      return Optional.of(e);
    }
  }

  private HeadwaterException exists(@org.jspecify.annotations.Nullable Throwable cause) {
    return new HeadwaterException(
        FailureCode.CONFIGURATION_INVALID,
        "file '" + options.file() + "' – exists already, and is left as it is",
        "Name another with -f FILE, or move it away.",
        cause);
  }
}
