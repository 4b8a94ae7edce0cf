package dev.headwater.benchmarks;

import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * When a topic's records arrived: the first that was appended, and the last that {@code
 * read_committed} readers can have. Both by asking for the end offsets every ten milliseconds, the
 * same for all contestants, and both by one clock.
 *
 * <p>What came last is known when nothing more comes: a topic that has at least the expected
 * records and has been still for two seconds. Whoever calls counts the records afterwards.
 */
final class Arrival {
  private static final long STEP_MILLIS = 10;
  private static final int STEPS_PER_CHECK = 200;
  private static final long STILL_MICROS = TimeUnit.SECONDS.toMicros(2);
  private static final long MARK_MICROS = TimeUnit.MILLISECONDS.toMicros(50);

  private long firstMicros;
  private long lastMicros;
  private @Nullable CpuSeries cpu;

  /**
   * Waits for the records, at most so many seconds.
   *
   * @param before where the topic ended before the contestant was told to begin
   * @param begun answers whether the contestant has begun; CPU seconds count from then on
   * @param contestant checked meanwhile: a contestant that ended early ends the wait
   */
  void await(
      Topic topics,
      String topic,
      long before,
      long expected,
      long maxSeconds,
      Runnable contestant,
      Supplier<@Nullable CpuSeries> begun) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(maxSeconds);
    long committed = before;
    boolean marked = true;
    long steps = 0;
    while (true) {
      if (cpu == null) {
        cpu = begun.get();
      }
      if (firstMicros == 0) {
        if (topics.end(topic, false) > before) {
          firstMicros = Clock.micros();
        }
      } else {
        long now = topics.end(topic, true);
        if (now > committed) {
          committed = now;
          lastMicros = Clock.micros();
          marked = false;
        }
      }
      long still = Clock.micros() - lastMicros;
      boolean isComplete = committed - before >= expected;
      if (isComplete && !marked && still > MARK_MICROS && cpu != null) {
        cpu.mark();
        marked = true;
      }
      if (isComplete && still > STILL_MICROS) {
        return;
      }
      if (System.nanoTime() > deadline) {
        throw new BenchmarkException(
            "topic %s has %d of %d records after %d s"
                .formatted(topic, committed - before, expected, maxSeconds));
      }
      if (++steps % STEPS_PER_CHECK == 0) {
        contestant.run();
      }
      Clock.pause(STEP_MILLIS);
    }
  }

  long firstMicros() {
    return firstMicros;
  }

  long lastMicros() {
    return lastMicros;
  }

  /** What each process used from the beginning to the last record. */
  CpuSeries cpu() {
    if (cpu == null) {
      throw new BenchmarkException("records came before anybody was seen to read");
    }
    return cpu;
  }
}
