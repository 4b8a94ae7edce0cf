package dev.headwater.sinks;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogRecord;
import dev.headwater.log.schema.TableId;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * One compacted partition, as far as feeding can tell it from Kafka's: older records of a key
 * vanish when it is cleaned, and a tombstone goes with the first cleaning that comes later than
 * {@link #RETENTION_MS} after the one that met it first (KIP-534). It also remembers all it ever
 * held, which is what the simulation judges by.
 */
final class SimulatedLog implements LogView {
  static final long RETENTION_MS = 100_000;

  /** Nothing is cleaned sooner: a segment in use is not, and the cleaner takes its time. */
  private static final long LAG_MS = 30_000;

  static final LogPartition PARTITION =
      new LogPartition(new TableId("shop", "public", "t"), "shop.public.t", "id", 0);

  /** A record that was written, whether or not it is still there. */
  record Written(int key, boolean isDelete, long seq, long offset, long atMs) {}

  private static final class Kept {
    final Written record;
    long goesAtMs = Long.MAX_VALUE;

    Kept(Written record) {
      this.record = record;
    }
  }

  private final InstantSource clock;
  private long writes;
  private final TreeMap<Long, Kept> kept = new TreeMap<>();
  private final Map<Integer, Written> last = new HashMap<>();
  private long end;

  SimulatedLog(InstantSource clock) {
    this.clock = clock;
  }

  void write(int key, boolean isDelete) {
    Written record = new Written(key, isDelete, writes + 1, end++, clock.millis());
    writes++;
    last.put(key, record);
    kept.put(record.offset(), new Kept(record));
  }

  /** A transaction's marker: an offset without a record. */
  void mark() {
    end++;
  }

  /** Cleans all before an offset. */
  void compact(Random random) {
    long before = random.nextInt((int) end + 1);
    Set<Integer> newer = new HashSet<>();
    Iterator<Kept> fromTheEnd = kept.headMap(before, false).descendingMap().values().iterator();
    while (fromTheEnd.hasNext()) {
      Kept each = fromTheEnd.next();
      if (each.record.atMs() > clock.millis() - LAG_MS) {
        continue;
      }
      boolean isOld = !newer.add(each.record.key());
      if (isOld || each.goesAtMs < clock.millis()) {
        fromTheEnd.remove();
      } else if (each.record.isDelete() && each.goesAtMs == Long.MAX_VALUE) {
        each.goesAtMs = clock.millis() + RETENTION_MS;
      }
    }
  }

  /** The next records there are, at most so many. */
  List<LogRecord> read(long from, int most) {
    return kept.tailMap(from).values().stream().limit(most).map(k -> record(k.record)).toList();
  }

  long end() {
    return end;
  }

  /** The last word on each key, by all that was ever written. */
  Collection<Written> lastWritten() {
    return last.values();
  }

  @Override
  public long committedEnd(LogPartition partition) {
    return end;
  }

  @Override
  public long deleteRetentionMs(LogPartition partition) {
    return RETENTION_MS;
  }

  @Override
  public boolean read(
      LogPartition partition, long below, BooleanSupplier goesOn, Predicate<LogRecord> receiver) {
    long position = 0;
    while (position < below) {
      if (!goesOn.getAsBoolean()) {
        return false;
      }
      List<LogRecord> some = read(position, 3);
      position = some.isEmpty() ? end : some.get(some.size() - 1).offset() + 1;
      for (LogRecord record : some) {
        if (record.offset() < below && !receiver.test(record)) {
          return false;
        }
      }
    }
    return true;
  }

  static byte[] key(int number) {
    return Integer.toString(number).getBytes(UTF_8);
  }

  static int number(byte[] key) {
    return Integer.parseInt(new String(key, UTF_8));
  }

  private static LogRecord record(Written from) {
    byte[] value = from.isDelete() ? null : Long.toString(from.seq()).getBytes(UTF_8);
    ConsumerRecord<byte[], byte[]> record =
        new ConsumerRecord<>(PARTITION.topic(), 0, from.offset(), key(from.key()), value);
    record.headers().add("seq", Long.toString(from.seq()).getBytes(UTF_8));
    return new LogRecord(record);
  }
}
