package dev.headwater.cli.config;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes and durations as people write them. */
public final class Units {
  private static final Pattern QUANTITY = Pattern.compile("([0-9]{1,18}) ?([A-Za-z]*)");
  private static final Map<String, Long> BYTES =
      Map.of(
          "b", 1L,
          "kb", 1_000L,
          "mb", 1_000_000L,
          "gb", 1_000_000_000L,
          "tb", 1_000_000_000_000L,
          "kib", 1L << 10,
          "mib", 1L << 20,
          "gib", 1L << 30,
          "tib", 1L << 40);
  private static final Map<String, Long> MILLIS =
      Map.of("ms", 1L, "s", 1_000L, "m", 60_000L, "h", 3_600_000L, "d", 86_400_000L);

  private Units() {}

  /** {@code 512B}, {@code 16MiB}, {@code 10GB}; empty when it is none or too large. */
  static Optional<Long> size(String text) {
    return quantity(text.toLowerCase(Locale.ROOT), BYTES);
  }

  /** {@code 500ms}, {@code 5s}, {@code 10m}, {@code 2h}, {@code 7d}; empty when it is none. */
  public static Optional<Duration> duration(String text) {
    return quantity(text, MILLIS).map(Duration::ofMillis);
  }

  private static Optional<Long> quantity(String text, Map<String, Long> units) {
    Matcher matcher = QUANTITY.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    Long unit = units.get(matcher.group(2));
    long number = Long.parseLong(matcher.group(1));
    if (unit == null || number > Long.MAX_VALUE / unit) {
      return Optional.empty();
    }
    return Optional.of(number * unit);
  }
}
