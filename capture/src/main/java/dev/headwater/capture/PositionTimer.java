package dev.headwater.capture;

import dev.headwater.log.failure.HeadwaterException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Has a position committed that was left behind when the stream fell silent: {@link BatchWriter}
 * commits one that no rows came with only so often, and looks only when something comes. On a
 * thread of its own.
 */
final class PositionTimer implements AutoCloseable {
  private static final long CLOSE_SECONDS = 5;

  private final String connector;
  private final BatchWriter writer;
  private final Consumer<RuntimeException> end;
  private final ScheduledExecutorService timer;

  /**
   * @param end ends the session
   */
  PositionTimer(String connector, BatchWriter writer, Consumer<RuntimeException> end) {
    this.connector = connector;
    this.writer = writer;
    this.end = end;
    this.timer = Timers.start(connector, "position");
    long every = BatchWriter.MARK_EVERY.toMillis();
    timer.scheduleWithFixedDelay(this::commit, every, every, TimeUnit.MILLISECONDS);
  }

  private void commit() {
    try {
      writer.commitPosition();
    } catch (HeadwaterException e) {
      end.accept(e);
    } catch (RuntimeException e) {
      end.accept(Defects.of(connector, "committing its position", e));
    }
  }

  /** Lets a commit that is under way end, so that its outcome is known. */
  @Override
  public void close() throws InterruptedException {
    timer.shutdown();
    if (!timer.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
      timer.shutdownNow();
    }
  }
}
