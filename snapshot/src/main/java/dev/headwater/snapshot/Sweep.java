package dev.headwater.snapshot;

import com.zaxxer.hikari.HikariDataSource;
import dev.headwater.log.codec.ColumnMask;
import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.replay.KeyHash;
import dev.headwater.log.replay.KeySpill;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.replay.LogPartitions;
import dev.headwater.log.replay.LogRecord;
import dev.headwater.log.replay.PartitionBatch;
import dev.headwater.log.replay.ReplayReader;
import dev.headwater.log.schema.SchemaStore;
import dev.headwater.log.snapshot.ChunkRows;
import dev.headwater.log.snapshot.LoadSession;
import dev.headwater.log.snapshot.LoadTarget;
import dev.headwater.log.snapshot.ReadChunk;
import dev.headwater.log.snapshot.TableLoad;
import dev.headwater.log.snapshot.TableLoad.Reload;
import dev.headwater.log.snapshot.TableLoadJson;
import dev.headwater.log.snapshot.Visibility;
import dev.headwater.log.snapshot.Watermark;
import dev.headwater.log.snapshot.WindowRead;
import dev.headwater.snapshot.TableProgress.Phase;
import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/**
 * The end of a reload: deletes keys that live in the log and not in the source, so that rows that
 * were deleted unseen do not stay for ever.
 *
 * <p>Whatever the reload read, and whatever the stream brought since it began, has a higher
 * sequence number than the reload began with. So the keys in question are those whose last record
 * is older, and no tombstone. Each is looked up at the source in a window of its own: it is deleted
 * if the source does not have it and no transaction that the look-up did not see has touched it
 * ({@code Windows} has the rule; a key without a row is a row like any other there).
 *
 * <p>On the coordinator's thread. The log is read once; its keys go into temporary files ({@link
 * KeySpill}), of which memory holds one slice at a time.
 */
final class Sweep {
  /** A row from before the reload. */
  static final long CANDIDATE = 1;

  /** A delete, or a record since the reload began. */
  static final long TOUCHED = 0;

  private static final byte[] NO_BYTES = {};
  private static final int KEYS_PER_SLICE = 250_000;
  private static final int KEYS_PER_WINDOW = 2_000;
  private static final long ANSWER_SECONDS = 60;
  private static final Duration POLL = Duration.ofMillis(200);

  private final LogConnection log;
  private final HikariDataSource pool;

  Sweep(LogConnection log, HikariDataSource pool) {
    this.log = log;
    this.pool = pool;
  }

  /** Sweeps one table that is read to its end; false if there is none. */
  boolean sweepOne(LoadSession session, LoadBoard board) throws SQLException, InterruptedException {
    Optional<TableTask> found =
        board.select(task -> task.phase() == Phase.SWEEPING).stream().findFirst();
    if (found.isEmpty()) {
      return false;
    }
    new Swept(session, board, found.get()).run();
    return true;
  }

  /** The sweep of one table. */
  private final class Swept {
    private final LoadSession session;
    private final LoadBoard board;
    private final TableTask task;
    private final int generation;
    private final LoadTarget target;
    private final boolean isPartitioned;
    private final Reload reload;
    private int deleted;

    Swept(LoadSession session, LoadBoard board, TableTask task) {
      this.session = session;
      this.board = board;
      this.task = task;
      this.generation = board.with(task::generation);
      this.target = board.with(() -> task.target().orElseThrow());
      this.isPartitioned = board.with(() -> task.source().isPartitioned());
      this.reload = board.with(() -> task.reload().orElseThrow());
    }

    void run() throws SQLException, InterruptedException {
      List<LogPartition> partitions =
          LogPartitions.of(log, new SchemaStore(log), task.table()::equals).values().stream()
              .flatMap(List::stream)
              .toList();
      for (LogPartition partition : partitions) {
        sweep(partition);
      }
      if (isCurrent()) {
        TableLoad complete = board.with(() -> task.state().complete());
        session.record(Map.of(task.table(), TableLoadJson.write(complete)));
        board.run(
            () -> {
              if (task.generation() == generation) {
                task.swept(0);
              }
            });
      }
    }

    private void sweep(LogPartition partition) throws SQLException, InterruptedException {
      try (KeySpill keys = new KeySpill(FailureCode.LOG_UNREACHABLE)) {
        scan(partition, keys);
        // Few keys of many buckets share a window.
        List<byte[]> found = new ArrayList<>();
        for (int bucket = 0; bucket < KeySpill.BUCKETS; bucket++) {
          int slices = (int) (1 + keys.entries(bucket) / KEYS_PER_SLICE);
          for (int slice = 0; slice < slices && isCurrent(); slice++) {
            found.addAll(untouched(keys, bucket, slice, slices));
            if (found.size() >= KEYS_PER_WINDOW) {
              delete(found);
              found.clear();
            }
          }
        }
        delete(found);
      }
    }

    private boolean isCurrent() {
      return board.with(() -> task.generation() == generation);
    }

    /** Deletes what the source does not have, window by window. */
    private void delete(List<byte[]> keys) throws SQLException, InterruptedException {
      for (int from = 0; from < keys.size() && isCurrent(); from += KEYS_PER_WINDOW) {
        List<byte[]> some = keys.subList(from, Math.min(keys.size(), from + KEYS_PER_WINDOW));
        while (isCurrent() && !deleteInWindow(some)) {
          Thread.sleep(50);
        }
      }
    }

    private boolean deleteInWindow(List<byte[]> keys) throws SQLException, InterruptedException {
      long window = session.openWindow(List.of(task.table()));
      CompletableFuture<Boolean> outcome = new CompletableFuture<>();
      try (ReaderSession source = new ReaderSession(pool)) {
        source.mark(new Watermark(session.run(), 0, window));
        Visibility seen = source.begin();
        BitSet there = lookUp(source, keys);
        source.end();
        ChunkRows gone = new ChunkRows();
        for (int i = 0; i < keys.size(); i++) {
          if (!there.get(i)) {
            gone.add(keys.get(i), null, null);
          }
        }
        session.hand(
            new WindowRead(
                window, seen, List.of(new ReadChunk(target.schema(), gone, ending(outcome)))));
        source.mark(new Watermark(session.run(), window, 0));
        return outcome.get(ANSWER_SECONDS, TimeUnit.SECONDS);
      } catch (ExecutionException | TimeoutException e) {
        session.abandon(window);
        return false;
      } catch (SQLException | InterruptedException | RuntimeException e) {
        session.abandon(window);
        throw e;
      }
    }

    private ReadChunk.Ending ending(CompletableFuture<Boolean> outcome) {
      return new ReadChunk.Ending() {
        @Override
        public boolean isWanted() {
          return isCurrent();
        }

        @Override
        public byte[] appended(int appended) {
          deleted += appended;
          return TableLoadJson.write(board.with(task::state));
        }

        @Override
        public void inTheLog() {
          outcome.complete(true);
        }

        @Override
        public void readAgain() {
          outcome.complete(false);
        }
      };
    }

    private BitSet lookUp(ReaderSession source, List<byte[]> keys) throws SQLException {
      BitSet there = new BitSet();
      if (hasMaskedKey(target)) {
        // The log's key does not lead back to the row. All rows were read, so it is gone.
        return there;
      }
      String json =
          keys.stream()
              .map(key -> new String(key, StandardCharsets.UTF_8))
              .collect(Collectors.joining(",", "[", "]"));
      try (PreparedStatement query =
          source.connection().prepareStatement(KeyLookup.sql(target.schema(), isPartitioned))) {
        query.setString(1, json);
        try (ResultSet row = query.executeQuery()) {
          while (row.next()) {
            there.set(row.getInt(1) - 1);
          }
        }
      }
      return there;
    }

    /**
     * Reads the partition once; keeps its keys, in their order, with whether they are candidates.
     */
    private void scan(LogPartition partition, KeySpill keys) throws InterruptedException {
      try (ReplayReader reader = ReplayReader.open(log, List.of(partition), Map.of())) {
        while (!reader.isCaughtUp() && isCurrent()) {
          if (Thread.interrupted()) {
            throw new InterruptedException("interrupted while reading " + partition);
          }
          for (PartitionBatch batch : reader.poll(POLL)) {
            for (LogRecord record : batch.records()) {
              KeyHash hash = KeyHash.of(record.key());
              boolean isOld = !record.isTombstone() && record.seq() <= reload.sinceSeq();
              keys.add(hash, isOld ? CANDIDATE : TOUCHED, isOld ? record.key() : NO_BYTES);
            }
          }
        }
      }
    }
  }

  /** Keys of one slice of a bucket that nothing was written for since the reload began. */
  static Collection<byte[]> untouched(KeySpill keys, int bucket, int slice, int slices) {
    Map<KeyHash, byte[]> last = new LinkedHashMap<>();
    keys.read(
        bucket,
        (hash, kind, key) -> {
          if (Long.remainderUnsigned(hash.low(), slices) != slice) {
            return;
          }
          if (kind == CANDIDATE) {
            last.put(hash, key);
          } else {
            last.remove(hash);
          }
        });
    return last.values();
  }

  /** Whether a key column is masked, so that a key of the log cannot be looked up. */
  static boolean hasMaskedKey(LoadTarget target) {
    Map<String, ColumnMask> masks = target.masks();
    return target.schema().key().stream().anyMatch(masks::containsKey);
  }
}
