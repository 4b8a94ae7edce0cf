package dev.headwater.capture;

import dev.headwater.log.failure.HeadwaterException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the slot within {@code slot.wal_budget}, in stages: near it, people are told; over it, the
 * slot is given up, where that is asked for.
 *
 * <p>Looks every two seconds for as long as the worker lives, also while the log is away and no
 * session can begin: that is when WAL piles up. On a thread and a session of its own. A slot that
 * was given up is gone, and with it the changes that it held: the next session finds the gap.
 */
final class WalBudget implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(WalBudget.class);
  private static final long EVERY_MILLIS = 2_000;

  /** Percent of the budget. */
  private static final int NEAR = 80;

  private static final long INACTIVE_WAIT_NANOS = TimeUnit.SECONDS.toNanos(30);

  /** How far the slot is from its budget. */
  enum Stage {
    WITHIN,
    NEAR,
    OVER
  }

  private final CaptureConfig config;
  private final Runnable endSession;
  private final CaptureMetrics metrics;
  private final @Nullable ScheduledExecutorService timer;
  private @Nullable SourceGuard session;
  private volatile Stage stage = Stage.WITHIN;
  private volatile boolean isGivingUp;

  /**
   * @param endSession ends the session that streams, if there is one
   */
  WalBudget(CaptureConfig config, CaptureMetrics metrics, Runnable endSession) {
    this.config = config;
    this.metrics = metrics;
    this.endSession = endSession;
    this.timer = config.slot().walBudgetBytes().isPresent() ? startTimer() : null;
  }

  private ScheduledExecutorService startTimer() {
    ScheduledExecutorService started = Timers.start(config.name(), "wal-budget");
    started.scheduleWithFixedDelay(this::look, EVERY_MILLIS, EVERY_MILLIS, TimeUnit.MILLISECONDS);
    return started;
  }

  static Stage stageOf(long retainedBytes, long budgetBytes) {
    double percent = 100.0 * retainedBytes / budgetBytes;
    return percent > 100 ? Stage.OVER : percent >= NEAR ? Stage.NEAR : Stage.WITHIN;
  }

  /** Whether tables may be read: loads write WAL of their own, and hold the stream up. */
  static boolean allowsLoads(CaptureConfig.SlotConfig config, SlotState slot) {
    Stage stage =
        config.walBudgetBytes().map(b -> stageOf(slot.retainedBytes(), b)).orElse(Stage.WITHIN);
    return switch (config.overBudget()) {
      case WARN -> true;
      case PAUSE_SNAPSHOTS -> stage != Stage.OVER;
      // What is tried before the slot is given up.
      case GIVE_UP_SLOT -> stage == Stage.WITHIN;
    };
  }

  /** Whether the slot is being given up at the moment: no session may take it. */
  boolean isGivingUp() {
    return isGivingUp;
  }

  private void look() {
    try {
      SourceGuard guard = session == null ? new SourceGuard(config) : session;
      session = guard;
      guard.slot().ifPresent(this::judge);
      if (stage == Stage.OVER
          && config.slot().overBudget() == CaptureConfig.OverBudget.GIVE_UP_SLOT) {
        giveUp(guard);
      }
    } catch (HeadwaterException e) {
      LOG.atDebug().setCause(e).log("slot could not be looked at");
      closeSession();
    } catch (SQLException e) {
      LOG.atWarn()
          .addKeyValue("slot", config.slot().name())
          .addKeyValue("error", SourceConnection.firstLine(e))
          .log("slot could not be given up yet");
      closeSession();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      isGivingUp = false;
    }
  }

  private void judge(SlotState slot) {
    long budget = config.slot().walBudgetBytes().orElseThrow();
    Stage now = stageOf(slot.retainedBytes(), budget);
    metrics.slotProblem(now == Stage.WITHIN ? Optional.empty() : Optional.of(words(slot, budget)));
    if (now.compareTo(stage) > 0) {
      LOG.atWarn()
          .addKeyValue("slot", config.slot().name())
          .addKeyValue("retained_bytes", slot.retainedBytes())
          .addKeyValue("budget_bytes", budget)
          .log("slot holds back much of its WAL budget");
    }
    stage = now;
  }

  private String words(SlotState slot, long budget) {
    return "slot '"
        + config.slot().name()
        + "' holds back "
        + slot.retainedBytes()
        + " bytes of WAL, "
        + 100 * slot.retainedBytes() / budget
        + "% of slot.wal_budget";
  }

  private void giveUp(SourceGuard guard) throws SQLException, InterruptedException {
    isGivingUp = true;
    endSession.run();
    long deadline = System.nanoTime() + INACTIVE_WAIT_NANOS;
    while (guard.slot().flatMap(WalBudget::pid).isPresent() && System.nanoTime() < deadline) {
      Thread.sleep(100);
    }
    try (PreparedStatement drop =
        guard
            .connection()
            .prepareStatement(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                    + " WHERE slot_name = ? AND active_pid IS NULL")) {
      drop.setString(1, config.slot().name());
      try (ResultSet dropped = drop.executeQuery()) {
        if (dropped.next()) {
          stage = Stage.WITHIN;
          LOG.atError()
              .addKeyValue("slot", config.slot().name())
              .log("slot given up: it held back more WAL than slot.wal_budget");
        }
      }
    }
  }

  private static Optional<Integer> pid(SlotState slot) {
    return slot.activePid().isPresent()
        ? Optional.of(slot.activePid().getAsInt())
        : Optional.empty();
  }

  private void closeSession() {
    SourceGuard open = session;
    session = null;
    if (open != null) {
      open.close();
    }
  }

  @Override
  public void close() {
    if (timer != null) {
      timer.execute(this::closeSession);
      timer.shutdown();
    }
  }
}
