package dev.headwater.devcontainers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/**
 * Prints how many suites ran over containers and how many were skipped, of this module and of all
 * modules of this build so far. A suite is a class; one that runs again after a failure counts
 * once.
 */
public final class SuiteCount implements TestExecutionListener {
  private static final String FILE = "headwater.containers.suites";

  private final Set<String> ran = new ConcurrentSkipListSet<>();
  private final Set<String> skipped = new ConcurrentSkipListSet<>();

  /** Called by JUnit's service loader. */
  public SuiteCount() {}

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    if (result.getStatus() == TestExecutionResult.Status.ABORTED) {
      executionSkipped(test, result.getThrowable().map(Throwable::getMessage).orElse("aborted"));
      return;
    }
    test.getSource()
        .filter(source -> test.isContainer() && source instanceof ClassSource)
        .ifPresent(source -> ran.add(((ClassSource) source).getClassName()));
  }

  @Override
  public void executionSkipped(TestIdentifier test, String reason) {
    test.getSource()
        .filter(source -> test.isContainer() && source instanceof ClassSource)
        .ifPresent(
            source -> {
              skipped.add(((ClassSource) source).getClassName());
              System.out.println(test.getDisplayName() + ": " + reason);
            });
  }

  @Override
  public void testPlanExecutionFinished(TestPlan plan) {
    if (ran.isEmpty() && skipped.isEmpty()) {
      return;
    }
    String soFar = System.getProperty(FILE);
    int all = soFar == null ? ran.size() : remember(Path.of(soFar)).size();
    System.out.printf(
        "containers: %d suites ran, %d were skipped; %d ran in this build so far%n",
        ran.size(), skipped.size(), all);
  }

  private Set<String> remember(Path file) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.write(file, List.copyOf(ran), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      return new TreeSet<>(Files.readAllLines(file));
    } catch (IOException e) {
      throw new IllegalStateException("The suites that ran cannot be written to " + file, e);
    }
  }
}
