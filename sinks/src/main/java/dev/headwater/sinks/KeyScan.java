package dev.headwater.sinks;

import dev.headwater.log.schema.TableSchema;

/**
 * Reads which rows a generation holds: what a sweep compares with the log.
 *
 * <p>On a thread of its own, beside the writers. What is written or deleted while it runs may be
 * handed over or not; every row that is there from its beginning to its end is handed over at least
 * once. What is in the target under names that are not exactly a row's name is left out.
 */
public interface KeyScan {
  /** Takes one key: the canonical JSON object of the key columns, byte for byte as in the log. */
  interface Receiver {
    void key(byte[] key);
  }

  /**
   * Hands over the key of every row of a table.
   *
   * @param schema a version of the table's schema that was {@link Sink#prepare prepared}
   * @throws dev.headwater.log.failure.HeadwaterException as {@link Sink} lists, and whatever the
   *     receiver throws
   */
  void keys(TableSchema schema, Receiver receiver);
}
