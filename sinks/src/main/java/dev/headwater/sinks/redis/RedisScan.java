package dev.headwater.sinks.redis;

import dev.headwater.sinks.KeyTemplate;
import dev.headwater.sinks.TableKeys;
import java.io.ByteArrayOutputStream;
import java.util.List;
import redis.clients.jedis.params.ScanParams;
import redis.clients.jedis.resps.ScanResult;

/**
 * Walks the names in a database that begin with a prefix, page by page, except those of sinks' own
 * state. Redis looks at every name there is for that, a thousand at a time, and holds nobody up for
 * longer than one page. Names that are there from beginning to end are met at least once. Used by
 * one thread at a time.
 */
final class RedisScan {
  private static final int PAGE = 1_000;

  private final RedisConnection redis;
  private final ScanParams params;
  private byte[] cursor = ScanParams.SCAN_POINTER_START_BINARY;
  private boolean isDone;

  private RedisScan(RedisConnection redis, byte[] pattern) {
    this.redis = redis;
    this.params = new ScanParams().match(pattern).count(PAGE);
  }

  /** All names that begin so, taken literally. */
  static RedisScan of(RedisConnection redis, byte[] prefix) {
    ByteArrayOutputStream pattern = new ByteArrayOutputStream();
    for (byte b : prefix) {
      if ("*?[]\\^-".indexOf(b) >= 0) {
        pattern.write('\\');
      }
      pattern.write(b);
    }
    pattern.write('*');
    return new RedisScan(redis, pattern.toByteArray());
  }

  boolean isDone() {
    return isDone;
  }

  /** The next names, maybe none. */
  List<byte[]> next() {
    ScanResult<byte[]> page = redis.call(r -> r.scan(cursor, params));
    cursor = page.getCursorAsBytes();
    isDone = page.isCompleteIteration();
    return page.getResult().stream().filter(name -> !RedisNames.isState(name)).toList();
  }

  /** Takes those of some names away; Redis frees their memory beside its work. */
  void unlink(List<byte[]> names) {
    if (!names.isEmpty()) {
      redis.call(r -> r.unlink(names.toArray(byte[][]::new)));
    }
  }

  /** Whether a name is exactly that of a row of one of these tables. */
  static boolean isRow(KeyTemplate template, List<TableKeys> tables, byte[] name) {
    return tables.stream().anyMatch(table -> template.key(table, name).isPresent());
  }
}
