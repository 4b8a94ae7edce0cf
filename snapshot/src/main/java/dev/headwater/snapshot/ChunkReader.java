package dev.headwater.snapshot;

import dev.headwater.log.codec.CopyTextReader;
import dev.headwater.log.codec.JsonBuffer;
import dev.headwater.log.codec.RowEncoder;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.log.snapshot.ChunkRows;
import dev.headwater.log.snapshot.LoadTarget;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyOut;

/**
 * Reads pieces of tables, from COPY's lines to the log's bytes. Belongs to one thread, inside a
 * transaction of the caller's.
 */
final class ChunkReader {
  private static final int ROWS_PER_LOOK = 1024;
  private static final int KEPT_ENCODERS = 64;

  /** The log takes records of 64 MiB; headers and framing need a little of that. */
  private static final int MAX_ROW_BYTES = (64 << 20) - (64 << 10);

  private final long chunkBytes;
  private final Map<TableId, Encoder> encoders =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<TableId, Encoder> eldest) {
          return size() > KEPT_ENCODERS;
        }
      };

  private record Encoder(LoadTarget target, RowEncoder row, CopyTextReader line) {}

  /**
   * What was read.
   *
   * @param end where it ends, if before the end of what was asked for; null if it was all read
   * @param isTooLarge whether it was given up, for it does not fit and cannot be cut
   * @param isBrokenOff whether the transaction is over, and the connection with it
   */
  record Result(
      ChunkRows rows, @Nullable List<String> end, boolean isTooLarge, boolean isBrokenOff) {}

  ChunkReader(long chunkBytes) {
    this.chunkBytes = chunkBytes;
  }

  Result read(Connection connection, Piece piece) throws SQLException, InterruptedException {
    CopyOut copy =
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyOut("COPY (" + ChunkSql.select(piece) + ") TO STDOUT");
    Encoder encoder = encoder(piece.target());
    try {
      return drain(copy, piece, encoder);
    } catch (SQLException | InterruptedException | RuntimeException e) {
      try {
        release(copy);
      } catch (SQLException releasing) {
        e.addSuppressed(releasing);
      }
      throw e;
    } finally {
      encoder.line().release();
      encoder.row().release();
    }
  }

  private Result drain(CopyOut copy, Piece piece, Encoder encoder)
      throws SQLException, InterruptedException {
    ChunkRows rows = new ChunkRows();
    for (byte[] line = copy.readFromCopy(); line != null; line = copy.readFromCopy()) {
      int from = piece.withCtid() ? columnEnd(line) + 1 : 0;
      encoder.line().read(line, from, line.length);
      encoder.line().writeTo(encoder.row());
      JsonBuffer value = encoder.row().rowBuffer();
      JsonBuffer key = encoder.row().keyBuffer();
      requireFits(piece, (long) key.size() + value.size());
      rows.add(key, value, encoder.row().nulls());
      if (rows.bytes() >= chunkBytes) {
        release(copy);
        return cutShort(piece, rows, line, encoder);
      }
      if (rows.size() % ROWS_PER_LOOK == 0 && Thread.interrupted()) {
        throw new InterruptedException("interrupted while reading " + piece.task().table());
      }
    }
    boolean mayBeMore = piece.byKey() && rows.size() >= piece.maxRows();
    return new Result(rows, mayBeMore ? lastKey(piece, encoder) : null, false, false);
  }

  private static Result cutShort(Piece piece, ChunkRows rows, byte[] line, Encoder encoder) {
    if (piece.byKey()) {
      return new Result(rows, lastKey(piece, encoder), false, true);
    }
    if (piece.withCtid()) {
      String ctid = new String(line, 0, columnEnd(line), StandardCharsets.US_ASCII);
      return new Result(rows, List.of(behind(ctid)), false, true);
    }
    return new Result(rows, null, true, true);
  }

  /** The place behind a row, {@code (block,number)}. */
  private static String behind(String ctid) {
    int comma = ctid.indexOf(',');
    int number = Integer.parseInt(ctid.substring(comma + 1, ctid.length() - 1));
    return ctid.substring(0, comma + 1) + (number + 1) + ")";
  }

  private static int columnEnd(byte[] line) {
    int at = 0;
    while (line[at] != '\t') {
      at++;
    }
    return at;
  }

  /** PostgreSQL's own text of the last row's key. */
  private static List<String> lastKey(Piece piece, Encoder encoder) {
    TableSchema schema = piece.target().schema();
    CopyTextReader line = encoder.line();
    List<String> key = new ArrayList<>();
    for (int column : schema.keyIndexes()) {
      int from = line.from(column);
      key.add(new String(line.array(), from, line.to(column) - from, StandardCharsets.UTF_8));
    }
    return key;
  }

  private static void requireFits(Piece piece, long bytes) {
    if (bytes > MAX_ROW_BYTES) {
      throw new HeadwaterException(
          FailureCode.CHANGE_NOT_WRITABLE,
          "Table '%s' – a row takes %d bytes, and the log holds records of up to %d"
              .formatted(piece.task().table(), bytes, MAX_ROW_BYTES),
          "Make the row smaller, or leave the large column out with columns.exclude.");
    }
  }

  /**
   * Ends a COPY that was cut short. The driver lets nobody else use the connection until then, not
   * even to roll back, and waits for that without end.
   */
  private static void release(CopyOut copy) throws SQLException {
    if (copy.isActive()) {
      copy.cancelCopy();
    }
  }

  private Encoder encoder(LoadTarget target) {
    TableSchema schema = target.schema();
    Encoder known = encoders.get(schema.table());
    if (known == null || !known.target().equals(target)) {
      known =
          new Encoder(
              target,
              new RowEncoder(schema, target.masks()),
              new CopyTextReader(schema.columns().size()));
      encoders.put(schema.table(), known);
    }
    return known;
  }
}
