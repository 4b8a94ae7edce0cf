package dev.headwater.cli.config;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** Gathers what is wrong in a file, so that all of it is told at once. */
final class ConfigProblems {
  private static final String HINT = "Correct the file, then run 'headwater validate'.";

  private final List<ConfigProblem> problems = new ArrayList<>();

  void add(ConfigProblem problem) {
    if (!problems.contains(problem)) { // an anchor's content is read once for every alias
      problems.add(problem);
    }
  }

  /** What was gathered, in the file's order. */
  List<ConfigProblem> sorted() {
    return problems.stream()
        .sorted(
            Comparator.comparingInt(ConfigProblem::line).thenComparingInt(ConfigProblem::column))
        .toList();
  }

  void throwIfAny(String file) {
    if (!problems.isEmpty()) {
      String message =
          sorted().stream().map(p -> p.describe(file)).collect(Collectors.joining("\n"));
      throw new HeadwaterException(FailureCode.CONFIGURATION_INVALID, message, HINT);
    }
  }
}
