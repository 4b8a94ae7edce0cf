package dev.headwater.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.log.failure.HeadwaterException;
import java.io.PrintStream;

/**
 * Where a command's words go: stdout is the answer, stderr is the story.
 *
 * <p>With {@code -o json} the answer is one JSON object and nothing else.
 */
public final class Console {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String BOLD = "\u001b[1m";
  private static final String RED = "\u001b[31m";
  private static final String GREEN = "\u001b[32m";
  private static final String DIM = "\u001b[2m";
  private static final String PLAIN = "\u001b[0m";

  private final PrintStream out;
  private final PrintStream err;
  private final boolean json;
  private final boolean colour;
  private final boolean quiet;

  public Console(PrintStream out, PrintStream err, boolean json, boolean colour, boolean quiet) {
    this.out = out;
    this.err = err;
    this.json = json;
    this.colour = colour;
    this.quiet = quiet;
  }

  /** Whether the answer is asked for as JSON. */
  public boolean isJson() {
    return json;
  }

  /** A line of the answer, for people. */
  public void answer(String line) {
    out.println(line);
    out.flush();
  }

  /** The whole answer, for machines. */
  public void answer(ObjectNode object) {
    out.println(object.toString());
    out.flush();
  }

  /** A line of the story; left out with {@code -q}. */
  public void say(String line) {
    if (!quiet) {
      err.println(line);
      err.flush();
    }
  }

  /** A failure: one paragraph on stderr, and with {@code -o json} an object on stdout. */
  public void fail(HeadwaterException e, boolean verbose) {
    if (json) {
      ObjectNode object = JSON.createObjectNode();
      object
          .putObject("error")
          .put("code", e.code().name())
          .put("message", e.getMessage())
          .put("hint", e.hint());
      answer(object);
    }
    err.println(style(RED, "error: ") + e.getMessage());
    if (!e.hint().isEmpty()) {
      err.println("  " + style(DIM, e.hint()));
    }
    if (verbose) {
      e.printStackTrace(err);
    }
    err.flush();
  }

  public String bold(String text) {
    return style(BOLD, text);
  }

  public String green(String text) {
    return style(GREEN, text);
  }

  public String dim(String text) {
    return style(DIM, text);
  }

  public String red(String text) {
    return style(RED, text);
  }

  private String style(String code, String text) {
    return colour ? code + text + PLAIN : text;
  }
}
