package dev.headwater.log.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.log.TestLog;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.topic.Topics;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class BoardsIT {
  private final String component = "connector/" + TestLog.connector();
  private LogConnection log;

  @BeforeEach
  void open() {
    log = TestLog.shared();
    new Topics(log).ensureInternal();
  }

  @AfterEach
  void close() {
    log.close();
  }

  @Test
  void aReportReplacesTheFormerAndSaysWhenItWasMade() {
    Clock clock = Clock.fixed(Instant.ofEpochMilli(1_700_000_000_123L), ZoneOffset.UTC);
    try (StatusBoard board = new StatusBoard(log, clock)) {
      board.report(component, "{\"state\":\"starting\"}");
      board.report(component, "{\"state\":\"running\"}");
      String expected = "{\"state\":\"running\",\"ts_ms\":1700000000123}";
      await(() -> expected.equals(board.read().get(component)));

      board.report(component, "{\"ts_ms\":5}");
      await(() -> "{\"ts_ms\":5}".equals(board.read().get(component)));

      board.withdraw(component);
      await(() -> !board.read().containsKey(component));
      assertThatThrownBy(() -> board.report(component, "[]"))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aWorkerFindsTheLastWishWheneverItStartsAndEachChangeAfterThat() {
    try (ControlBoard command = new ControlBoard(log);
        ControlBoard worker = new ControlBoard(log)) {
      command.desire(component, "{\"paused\":true}");
      command.desire(component, "{\"paused\":false}");

      assertThat(command.read()).containsEntry(component, "{\"paused\":false}");
      assertThat(worker.changes()).containsEntry(component, Optional.of("{\"paused\":false}"));
      assertThat(worker.changes()).isEqualTo(Map.of());

      command.withdraw(component);
      assertThat(worker.changes()).isEqualTo(Map.of(component, Optional.empty()));
      assertThat(command.read()).doesNotContainKey(component);
    }
  }

  private static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
    }
  }
}
