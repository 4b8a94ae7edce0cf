package dev.headwater.benchmarks;

import java.util.Arrays;
import java.util.List;

/**
 * What a reader felt of the switches: its reads that ended within a few seconds of one, beside all
 * others. A gap is the time between the ends of two reads that were answered, so it also holds what
 * a failed read took.
 *
 * @param longestMs the longest read around a switch
 * @param gapMs the longest gap around a switch
 * @param otherLongestMs the longest read elsewhere
 * @param otherP99Ms of a hundred reads elsewhere one took longer
 */
record Pause(double longestMs, double gapMs, double otherLongestMs, double otherP99Ms) {
  private static final long AROUND_NANOS = 3_000_000_000L;

  static Pause of(ReadLog log, List<Long> switches) {
    long longest = 0;
    long gap = 0;
    long[] others = new long[log.count()];
    int otherCount = 0;
    for (int i = 0; i < log.count(); i++) {
      long end = log.end(i);
      long began = end - log.nanos(i);
      // A read as long as the window itself belongs to it when it ran at the switch.
      boolean isAround =
          switches.stream().anyMatch(s -> began - s < AROUND_NANOS && s - end < AROUND_NANOS);
      if (isAround) {
        longest = Math.max(longest, log.nanos(i));
        gap = Math.max(gap, i == 0 ? 0 : end - log.end(i - 1));
      } else {
        others[otherCount++] = log.nanos(i);
      }
    }
    Arrays.sort(others, 0, otherCount);
    return new Pause(
        longest / 1e6,
        gap / 1e6,
        otherCount == 0 ? 0 : others[otherCount - 1] / 1e6,
        otherCount == 0 ? 0 : others[(int) (otherCount * 99L / 100)] / 1e6);
  }
}
