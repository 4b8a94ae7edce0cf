package dev.headwater.cli.config;

import java.util.List;

/**
 * The cause of a CONFIGURATION_INVALID that a file's content is to blame for: its problems one by
 * one, for those who print them as data.
 */
public final class InvalidConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient List<ConfigProblem> problems;

  InvalidConfigException(List<ConfigProblem> problems) {
    super("problems in the file: " + problems.size());
    this.problems = List.copyOf(problems);
  }

  /** Every problem, in the file's order. */
  public List<ConfigProblem> problems() {
    return problems;
  }
}
