package dev.headwater.capture;

import java.util.Optional;

/**
 * Looks at the slot for whoever reports, at most once a second, on a session of its own.
 *
 * <p>A look that fails says nothing: the stream itself notices a source that is gone.
 */
final class SlotWatch implements AutoCloseable {
  private static final long MAX_AGE_NANOS = 1_000_000_000L;

  private final SourceGuard session;
  private Optional<SlotState> latest = Optional.empty();
  private long lookedAt = System.nanoTime() - MAX_AGE_NANOS;

  SlotWatch(CaptureConfig config) {
    this.session = new SourceGuard(config);
  }

  synchronized Optional<SlotState> latest() {
    if (System.nanoTime() - lookedAt >= MAX_AGE_NANOS) {
      lookedAt = System.nanoTime();
      try {
        latest = session.slot();
      } catch (dev.headwater.log.failure.HeadwaterException e) {
        latest = Optional.empty();
      }
    }
    return latest;
  }

  @Override
  public void close() {
    session.close();
  }
}
