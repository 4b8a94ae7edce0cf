package dev.headwater.cli.config;

import java.io.StringReader;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.CollectionEndEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;

/** From text to a tree with lines and columns. The parser's own messages quote the file: not us. */
final class YamlParser {
  private static final int MAX_DEPTH = 50;

  private YamlParser() {}

  /** The tree; empty when there is no document, or after a problem was told. */
  static Optional<Node> parse(String text, ConfigProblems problems) {
    LoadSettings settings =
        LoadSettings.builder()
            .setAllowDuplicateKeys(false)
            .setMaxAliasesForCollections(20)
            .setCodePointLimit(1 << 20)
            .setUseMarks(true)
            .build();
    try {
      return isTooDeep(settings, text, problems)
          ? Optional.empty()
          : new Compose(settings).composeReader(new StringReader(text));
    } catch (MarkedYamlEngineException e) {
      Optional<Mark> mark = e.getProblemMark().or(e::getContextMark);
      problems.add(problem(mark, "not valid YAML: " + reason(e.getProblem())));
    } catch (YamlEngineException e) { // a character that YAML does not allow
      problems.add(problem(Optional.empty(), "not valid YAML: it holds unprintable characters"));
    }
    return Optional.empty();
  }

  private static boolean isTooDeep(LoadSettings settings, String text, ConfigProblems problems) {
    int depth = 0;
    for (Event event : new Parse(settings).parseString(text)) {
      if (event instanceof CollectionStartEvent && ++depth > MAX_DEPTH) {
        problems.add(problem(event.getStartMark(), "nested too deeply"));
        return true;
      }
      if (event instanceof CollectionEndEvent) {
        depth--;
      }
    }
    return false;
  }

  /** The parser's reason, unless it quotes what stands in the file, which may be a secret. */
  private static String reason(String problem) {
    if (problem.contains("alias")) {
      return "no anchor has the name behind this '*'; put a value that starts with '*' in quotes";
    }
    if (problem.contains("tag")) {
      return "a value must not start with '!'; put it in quotes";
    }
    if (problem.contains("cannot start any token")) {
      return "a value must not start with this character; put it in quotes, or indent with spaces";
    }
    if (problem.contains("another document")) {
      return "the file holds more than one document ('---')";
    }
    if (problem.endsWith("but got {")) {
      return "a ${…} inside { } or [ ] needs quotes around it";
    }
    boolean quotes = problem.contains("'") && !problem.startsWith("expected");
    return quotes || problem.contains("escape") || problem.contains("anchor")
        ? "this cannot be read; put a value with special characters in single quotes"
        : problem.replaceAll("\\s+", " ");
  }

  private static ConfigProblem problem(Optional<Mark> mark, String message) {
    int line = mark.map(Mark::getLine).orElse(0) + 1;
    int column = mark.map(Mark::getColumn).orElse(0) + 1;
    return new ConfigProblem(line, column, "", message);
  }
}
