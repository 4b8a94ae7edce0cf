package dev.headwater.capture.debezium;

import java.util.List;

final class RawSessionSettings {
  static final List<String> STATEMENTS =
      List.of("SET TimeZone TO 'UTC'", "SET IntervalStyle TO 'iso_8601'");
}
