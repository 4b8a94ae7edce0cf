package dev.headwater.capture;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.group.Election;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.snapshot.TableLoader;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one connector captured: session after session, until it is stopped or must not go on.
 *
 * <p>A session ends with whatever exception its source or its log throws. What may simply be tried
 * again is, after a pause that grows from a quarter of a second to ten; each session fences the log
 * and reads the position anew, so nothing is carried over in memory. What must not go on ends the
 * worker and is thrown by {@link #run}.
 *
 * <p>Of several workers of one connector, in whatever processes, one captures and the others stand
 * by ({@link Election}); one whose owner dies or hangs is taken over within seconds.
 *
 * <p>{@link #run} blocks the calling thread; {@link #close} and {@link #status} may be called from
 * any other.
 */
public final class CaptureWorker implements Runnable, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CaptureWorker.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(250);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  /** How often a process that stands by looks whether it is to end. */
  private static final Duration TURN_LOOK = Duration.ofMillis(500);

  /**
   * Within this time the group must know of another owner when this one was fenced. When it does
   * not, somebody outside the group captures the connector, and two that fence each other by turns
   * would be worse than one that ends.
   */
  private static final Duration FENCE_EXPLAINED = Duration.ofSeconds(10);

  private final CaptureConfig config;
  private final LogConnection log;
  private final TableLoader loader;
  private final Function<CaptureConfig, ChangeSource> sources;
  private final CaptureMetrics metrics = new CaptureMetrics();
  private final CountDownLatch stop = new CountDownLatch(1);
  private volatile CaptureStatus.State state = CaptureStatus.State.STANDBY;
  private volatile String detail = "waits for its turn";
  private volatile @Nullable CaptureSession session;

  /**
   * @param loader loads tables beside the stream
   * @param sources opens a new source for each session
   */
  public CaptureWorker(
      CaptureConfig config,
      LogConnection log,
      TableLoader loader,
      Function<CaptureConfig, ChangeSource> sources) {
    this.config = config;
    this.log = log;
    this.loader = loader;
    this.sources = sources;
  }

  /** Captures until {@link #close()}; throws what capture must not go on over. */
  @Override
  public void run() {
    Duration pause = FIRST_PAUSE;
    try (WalBudget budget = new WalBudget(config, metrics, this::endSession);
        Election election = Election.stand(log, config.name())) {
      while (awaitTurn(election)) {
        while (budget.isGivingUp() && !stop.await(100, TimeUnit.MILLISECONDS)) {
          enter(CaptureStatus.State.RETRYING, "the slot is over its budget and is given up");
        }
        Lsn before = metrics.endLsn();
        try (CaptureSession next =
            new CaptureSession(config, log, loader, sources, metrics, this::enter)) {
          session = next;
          next.run();
        } catch (HeadwaterException e) {
          if (stop.getCount() == 0) {
            break;
          }
          if (e.code() == FailureCode.FENCED && election.awaitLoss(FENCE_EXPLAINED)) {
            // The other process has the turn, and this one is the next to have it.
            continue;
          }
          if (!e.code().isRetriable()) {
            enter(CaptureStatus.State.FAILED, e.getMessage());
            throw e;
          }
          if (!metrics.endLsn().equals(before)) {
            pause = FIRST_PAUSE;
          }
          enter(CaptureStatus.State.RETRYING, e.getMessage());
          LOG.atWarn()
              .addKeyValue("connector", config.name())
              .addKeyValue("pause_ms", pause.toMillis())
              .addKeyValue("error", e.getMessage())
              .log("capture starts again");
          if (stop.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
            break;
          }
          pause = min(pause.multipliedBy(2), LONGEST_PAUSE);
        } finally {
          session = null;
        }
      }
      enter(CaptureStatus.State.STOPPED, "");
    } catch (InterruptedException e) {
      enter(CaptureStatus.State.STOPPED, "");
      Thread.currentThread().interrupt();
    }
  }

  /** Stands by while another process captures; false when this one is stopped. */
  private boolean awaitTurn(Election election) throws InterruptedException {
    while (stop.getCount() > 0) {
      try {
        if (election.awaitTurn(TURN_LOOK)) {
          return true;
        }
      } catch (HeadwaterException e) {
        enter(CaptureStatus.State.FAILED, e.getMessage());
        throw e;
      }
      enter(CaptureStatus.State.STANDBY, "another process captures");
    }
    return false;
  }

  /** Ends the session; another begins. */
  private void endSession() {
    CaptureSession current = session;
    if (current != null) {
      current.stop();
    }
  }

  private void enter(CaptureStatus.State newState, String newDetail) {
    state = newState;
    detail = newDetail;
  }

  private static Duration min(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  /** What the worker is doing now. */
  public CaptureStatus status() {
    CaptureSession current = session;
    String doing = current == null ? "" : current.loadsDoing();
    boolean isLoading = state == CaptureStatus.State.STREAMING && !doing.isEmpty();
    Optional<SlotState> slot = current == null ? Optional.empty() : current.slotState();
    Lsn end = metrics.endLsn();
    return new CaptureStatus(
        isLoading ? CaptureStatus.State.SNAPSHOT : state,
        isLoading ? doing : detail,
        end,
        slot.map(s -> Math.max(0, s.currentWal().bytesSince(end))),
        slot.map(SlotState::retainedBytes),
        metrics.records(),
        metrics.recordsByTable(),
        metrics.unchangedValues(),
        metrics.problems(),
        metrics.lastCommitTimeMillis());
  }

  /** Ends {@link #run} within a bounded time; what was not committed is sent again next time. */
  @Override
  public void close() {
    stop.countDown();
    CaptureSession current = session;
    if (current != null) {
      current.stop();
    }
  }
}
