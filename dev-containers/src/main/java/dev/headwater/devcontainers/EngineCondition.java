package dev.headwater.devcontainers;

import java.util.Optional;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Skips every suite, with that word, where no Docker engine answers. Asked once. */
public final class EngineCondition implements ExecutionCondition {
  private static final Optional<String> WHY_NOT = DockerContainers.whyNot();

  /** Called by JUnit's service loader. */
  public EngineCondition() {}

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    return WHY_NOT
        .map(why -> ConditionEvaluationResult.disabled("containers: skipped, " + why))
        .orElseGet(() -> ConditionEvaluationResult.enabled("a Docker engine answers"));
  }
}
