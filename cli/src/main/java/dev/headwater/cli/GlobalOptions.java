package dev.headwater.cli;

import dev.headwater.cli.config.ConfigLoader;
import dev.headwater.cli.config.HeadwaterConfig;
import java.nio.file.Path;
import java.util.OptionalLong;
import picocli.CommandLine.Option;

/** The options that every command has. */
public final class GlobalOptions {
  /** The forms an answer can have. */
  public enum Format {
    text,
    json
  }

  @Option(
      names = {"-f", "--file"},
      paramLabel = "FILE",
      defaultValue = "connectors.yaml",
      description = "The configuration (default: ${DEFAULT-VALUE}).")
  Path file = Path.of("connectors.yaml");

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      defaultValue = "text",
      description = "text or json; with json, stdout is one JSON object.")
  Format format = Format.text;

  @Option(names = "--no-color", description = "No colours.")
  boolean noColor;

  @Option(
      names = {"-q", "--quiet"},
      description = "No progress on stderr.")
  boolean quiet;

  @Option(names = "--verbose", description = "Log lines and stack traces on stderr.")
  boolean verbose;

  /** The configuration, loaded and checked. */
  public HeadwaterConfig load() {
    return ConfigLoader.load(file, System.getenv()::get);
  }

  /** Which file that is. */
  public Path file() {
    return file;
  }

  /** Whether stack traces are wanted. */
  public boolean isVerbose() {
    return verbose;
  }

  /**
   * Whether {@code out} or {@code err} is a terminal. The shell script knows that of each; Java
   * knows it of input and output together only.
   */
  private static boolean isTerminal(String stream) {
    String told = System.getProperty("headwater.terminal." + stream);
    return told == null ? System.console() != null : Boolean.parseBoolean(told);
  }

  /** A line for long work, on stderr; label and amount as {@link ProgressLine} says. */
  public ProgressLine progress(String label, OptionalLong totalRows) {
    return new ProgressLine(System.err, isTerminal("err"), label, totalRows, System::nanoTime);
  }

  /** Whether nothing but the answer and failures is wanted. */
  public boolean isQuiet() {
    return quiet;
  }

  /** Where the command's words go. */
  public Console console() {
    boolean isTerminal = isTerminal("out") && isTerminal("err");
    boolean colour = isTerminal && System.getenv("NO_COLOR") == null && !noColor;
    return new Console(System.out, System.err, format == Format.json, colour, quiet);
  }
}
