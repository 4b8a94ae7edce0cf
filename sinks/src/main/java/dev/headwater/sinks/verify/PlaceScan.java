package dev.headwater.sinks.verify;

import dev.headwater.sinks.ReadBack;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Brings everything that the verified place holds into the spill, on a thread of its own, so that
 * the log is read meanwhile. In which order the two come does not matter: what changes while they
 * are read is suspect, and decided later.
 */
final class PlaceScan implements AutoCloseable {
  private static final long CLOSE_MS = 60_000;

  private final ReadBack place;
  private final Spill spill;
  private final Thread thread = new Thread(this::scan, "headwater/verify/scan");

  private final AtomicLong found = new AtomicLong();
  private volatile boolean stopped;
  private volatile boolean isDone;
  private volatile @Nullable RuntimeException failure;

  private PlaceScan(ReadBack place, Spill spill) {
    this.place = place;
    this.spill = spill;
  }

  /** Begins to scan. */
  static PlaceScan start(ReadBack place, Spill spill) {
    PlaceScan scan = new PlaceScan(place, spill);
    scan.thread.setDaemon(true);
    scan.thread.start();
    return scan;
  }

  private void scan() {
    try {
      place.scan(
          (name, content) -> {
            if (stopped) {
              throw new CancellationException("the verification has ended");
            }
            spill.add(new Entry(name, Entry.FOUND, 0, ContentHash.of(content), 0));
            found.incrementAndGet();
          });
    } catch (RuntimeException e) {
      failure = e;
    }
    isDone = true;
  }

  /** How many rows have been brought so far. */
  long found() {
    return found.get();
  }

  /** Whether all rows have been brought. */
  boolean isDone() {
    boolean done = isDone;
    requireAlive();
    return done;
  }

  /**
   * Ends a verification whose scan has failed.
   *
   * @throws RuntimeException what it failed with
   */
  void requireAlive() {
    RuntimeException failed = failure;
    if (failed != null) {
      throw failed;
    }
  }

  /** Ends the scan where it stands, and waits until it has let go of the place. */
  @Override
  public void close() {
    stopped = true;
    Pause.untilEnded(thread, CLOSE_MS);
  }
}
