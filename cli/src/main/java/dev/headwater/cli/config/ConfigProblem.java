package dev.headwater.cli.config;

/**
 * One thing that is wrong in the file. Never holds a secret or a value that a reference stood for.
 *
 * @param line from 1
 * @param column from 1
 * @param path the field, as {@code sinks[0].tables[1]}; empty for the file as a whole
 * @param message what was found and what would be right
 */
public record ConfigProblem(int line, int column, String path, String message) {
  /** As one line: {@code connectors.yaml:12:5 sinks[0].tabels – unknown field}. */
  String describe(String file) {
    String subject = path.isEmpty() ? "" : path + " – ";
    return file + ":" + line + ":" + column + "  " + subject + message;
  }
}
