package dev.headwater.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RateLimitTest {
  private static final long MILLI = 1_000_000;

  private long now = -5_000 * MILLI;

  @ParameterizedTest
  @CsvSource({"10000,500,1", "10000,10000,30", "10000,2000,150", "250,60,20"})
  void readersTogetherAreWithinAFifthOfTheRate(long rate, long chunkRows, long millisPerChunk) {
    RateLimit limit = new RateLimit(rate, () -> now);
    long start = now;
    long[] readsUntil = {Long.MAX_VALUE, Long.MAX_VALUE};
    long[] begun = new long[2];
    long rows = 0;
    while (rows < 60 * rate) {
      for (int reader = 0; reader < 2; reader++) {
        if (readsUntil[reader] <= now) {
          // What a chunk costs is known when it is read.
          limit.read(chunkRows, begun[reader]);
          rows += chunkRows;
          readsUntil[reader] = Long.MAX_VALUE;
        }
        if (readsUntil[reader] == Long.MAX_VALUE && limit.waitNanos() <= 0) {
          begun[reader] = limit.now();
          readsUntil[reader] = now + millisPerChunk * MILLI;
        }
      }
      now += MILLI;
    }
    assertThat(rows / ((now - start) / 1e9)).isBetween(0.8 * rate, 1.2 * rate);
  }

  @Test
  void aPauseIsNotMadeUpFor() {
    RateLimit limit = new RateLimit(100, () -> now);
    now += 60_000 * MILLI;
    limit.read(50, limit.now());
    assertThat(limit.waitNanos()).isEqualTo(500 * MILLI);
  }

  @Test
  void withoutARateNobodyWaits() {
    RateLimit limit = new RateLimit(0, () -> now);
    limit.read(1_000_000, limit.now());
    assertThat(limit.waitNanos()).isLessThanOrEqualTo(0);
  }
}
