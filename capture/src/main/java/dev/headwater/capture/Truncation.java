package dev.headwater.capture;

import dev.headwater.log.append.RowRecord;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.position.Lsn;
import dev.headwater.log.replay.LiveKeys;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a tombstone for every live key of a table that was truncated, found in the log itself.
 *
 * <p><b>Exactly once, whatever is cut short.</b> The tombstones may take several log transactions.
 * Each is committed at the position before the truncate; the position moves past it with the batch
 * that it is in. So a capture that is cut short in between meets the truncate again, and then the
 * keys that have their tombstone are not live any more: it writes the others. Nothing that followed
 * the truncate can be in the log by then.
 *
 * <p>Belongs to the batch's thread, which waits for it: changes of other tables are late meanwhile.
 */
final class Truncation {
  private static final Logger LOG = LoggerFactory.getLogger(Truncation.class);

  /** A transaction's worth; none is open while the log is read. */
  private static final int KEYS_PER_COMMIT = 20_000;

  private static final long MOST_KEY_BYTES = 128L << 20;

  private final LogConnection log;
  private final BooleanSupplier stopped;
  private final Consumer<String> progress;

  /**
   * By topic and partition: the end at the last truncate of this session. Every key that was alive
   * there has its tombstone behind it, so that the next truncate need not read from the beginning.
   */
  private final Map<String, Long> emptyBelow = new HashMap<>();

  /**
   * @param stopped whether capture was told to end
   * @param progress told what is done, for people; empty when it is done
   */
  Truncation(LogConnection log, BooleanSupplier stopped, Consumer<String> progress) {
    this.log = log;
    this.stopped = stopped;
    this.progress = progress;
  }

  /**
   * Appends the tombstones and commits them. Nothing may be appended and not committed when this is
   * called.
   *
   * @param rows where they are appended
   * @param commitInPlace commits at the position before the truncate
   */
  void run(TableWriter table, RowOrder rows, Lsn lsn, long xid, long tsMs, Runnable commitInPlace) {
    String name = table.schema().table().inSource();
    long began = System.nanoTime();
    long[] keys = new long[1];
    long[] committed = new long[1];
    try {
      for (int p = 0; p < table.topic().partitions(); p++) {
        progress.accept("truncate of " + name + ": reading partition " + p);
        String topic = table.topic().name();
        String place = topic + "/" + p;
        long end =
            LiveKeys.forEach(
                log,
                topic,
                p,
                emptyBelow.getOrDefault(place, 0L),
                Math.min(MOST_KEY_BYTES, Runtime.getRuntime().maxMemory() / 8),
                key -> {
                  if (stopped.getAsBoolean()) {
                    throw new InterruptedException("capture stops");
                  }
                  rows.append(
                      table,
                      new RowRecord(
                          key, null, 't', lsn, xid, tsMs, table.schema().version(), null));
                  if (++keys[0] - committed[0] == KEYS_PER_COMMIT) {
                    commitInPlace.run();
                    committed[0] = keys[0];
                    progress.accept("truncate of " + name + ": " + keys[0] + " keys deleted");
                  }
                });
        if (keys[0] != committed[0]) {
          commitInPlace.run();
          committed[0] = keys[0];
        }
        emptyBelow.put(place, end);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HeadwaterException(
          FailureCode.LOG_OUTCOME_UNKNOWN,
          "connector '"
              + table.schema().table().connector()
              + "' – was told to end while it wrote the truncate of "
              + name,
          "Capture goes on with the rest when it is started again.",
          e);
    } finally {
      progress.accept("");
    }
    LOG.atInfo()
        .addKeyValue("table", table.schema().table())
        .addKeyValue("keys", keys[0])
        .addKeyValue("ms", (System.nanoTime() - began) / 1_000_000)
        .log("truncate written");
  }
}
