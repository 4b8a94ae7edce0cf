package dev.headwater.sinks;

import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Reads back what stands in one place that should hold the log's rows: one generation of a target,
 * or the source itself. Nothing is ever changed through it.
 *
 * <p>A row is found under its <em>name</em>: bytes that mean something to this place only, one for
 * each row, whichever partition it comes from. Methods may be called from several threads at once;
 * their errors are those of {@link Sink}.
 */
public interface ReadBack extends AutoCloseable {

  /** Takes rows as they are found, on the thread that scans. */
  interface Visitor {
    void row(byte[] name, Content content);
  }

  /**
   * A row of the log.
   *
   * @param key its canonical key bytes
   */
  record Row(TableId table, byte[] key) {}

  /**
   * What a few names hold, read at one position of the log.
   *
   * @param fromOffset every record below it had reached this place; empty where nothing of the
   *     partition is known to have
   * @param toOffset no record from here on had; empty where all may have that the log holds by now.
   *     Equal to {@code fromOffset} where value and checkpoint are read in one step
   * @param atMs this place's clock at the reading, milliseconds since 1970
   * @param found in the order of the names; empty where there is nothing
   */
  record Look(
      OptionalLong fromOffset, OptionalLong toOffset, long atMs, List<Optional<Content>> found) {}

  /** Learns a version of a table's schema, before the first row of it is asked about. */
  void learn(TableSchema schema);

  /** Under which name the row of a key is kept. */
  byte[] name(TableId table, byte[] key);

  /**
   * Which row a name stands for: the inverse of {@link #name}. Empty where it cannot be told, or
   * where no row has that name.
   */
  Optional<Row> rowOf(byte[] name);

  /** Whether names that no row has are strangers', to be left alone. */
  boolean hasStrangers();

  /** What a record that is no tombstone should have made of its name, by the codec that writes. */
  Content expected(TableId table, FoldedRow row);

  /** When a record's row vanishes from here by itself, milliseconds since 1970; 0 for never. */
  default long expiresAtMs(FoldedRow row) {
    return 0;
  }

  /** How many rows a scan will bring, roughly; empty where nobody can tell quickly. */
  default OptionalLong estimate() {
    return OptionalLong.empty();
  }

  /**
   * Brings all rows in any order, some perhaps twice. Rows that are changed, made or deleted
   * meanwhile may be brought in either state or not at all; strangers' names may be among them.
   */
  void scan(Visitor visitor);

  /** Reads names of rows of one partition together with how far the partition has been applied. */
  Look look(LogPartition partition, List<byte[]> names);

  /** The version that this place itself keeps of a row; empty where it keeps none. */
  default OptionalLong version(byte[] name) {
    return OptionalLong.empty();
  }

  /**
   * How often a row must be found wrong before it is called wrong: more than once only where a
   * position is not exact.
   */
  default int looksNeeded() {
    return 1;
  }

  @Override
  void close();
}
