package dev.headwater.sinks.redis;

import java.util.HashMap;
import java.util.Map;

/** The answer to INFO: lines of {@code name:value}. */
final class RedisInfo {
  private RedisInfo() {}

  static Map<String, String> parse(String info) {
    Map<String, String> values = new HashMap<>();
    info.lines()
        .forEach(
            line -> {
              int colon = line.indexOf(':');
              if (colon > 0) {
                values.put(line.substring(0, colon), line.substring(colon + 1).strip());
              }
            });
    return values;
  }
}
