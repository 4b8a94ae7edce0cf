package dev.headwater.sinks.redis;

import dev.headwater.log.schema.TableId;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.KeyTemplate;
import dev.headwater.sinks.Refusal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A batch's rows as arguments of the commands that write them, deletes first; made by any thread,
 * before the batch's turn or in it.
 */
final class RedisRows {
  private static final byte[] UNSET = {};

  private final List<FoldedRow> rows;
  private final RedisBatch script;
  private final KeyTemplate template;
  private final TableId table;
  private final long maxValueBytes;
  private final List<List<byte[]>> pieces = new ArrayList<>();
  private final List<Refusal> refused = new ArrayList<>();
  private int deletes;

  /**
   * @param maxValueBytes the largest value that may be sent
   */
  RedisRows(
      List<FoldedRow> rows,
      RedisBatch script,
      KeyTemplate template,
      TableId table,
      long maxValueBytes) {
    this.rows = rows;
    this.script = script;
    this.template = template;
    this.table = table;
    this.maxValueBytes = maxValueBytes;
    List<byte[]> piece = newPiece();
    for (FoldedRow row : rows) {
      if (row.isDelete() && add(row, piece)) {
        deletes++;
      }
    }
    for (FoldedRow row : rows) {
      if (!row.isDelete()) {
        if (piece.size() > RedisBatch.MAX_ARGUMENTS) {
          piece = newPiece();
        }
        add(row, piece);
      }
    }
  }

  /** The largest value that they may have. */
  long maxValueBytes() {
    return maxValueBytes;
  }

  /**
   * The arguments in pieces that one command may have, one piece at least; each begins with {@link
   * RedisBatch#FIRST_ROW} places that are the caller's to fill.
   */
  List<List<byte[]>> pieces() {
    return pieces;
  }

  /** How many names are deleted, with which the first piece begins. */
  int deletes() {
    return deletes;
  }

  /** The rows that cannot be written. */
  List<Refusal> refused() {
    return refused;
  }

  private List<byte[]> newPiece() {
    List<byte[]> piece = new ArrayList<>(2 * rows.size() + RedisBatch.FIRST_ROW);
    piece.addAll(Collections.nCopies(RedisBatch.FIRST_ROW, UNSET));
    pieces.add(piece);
    return piece;
  }

  /**
   * Appends a row's arguments. Redis ends the connection of a client that sends a value larger than
   * it takes, which would look like an outage: so such a row is never sent.
   */
  private boolean add(FoldedRow row, List<byte[]> arguments) {
    int from = arguments.size();
    String reason = "it is not what a record of the log is";
    try {
      byte[] name = template.name(table, row.key());
      if (row.isDelete()) {
        arguments.add(name);
      } else {
        script.addArguments(name, row, arguments);
      }
      long largest = largest(arguments, from);
      if (largest <= maxValueBytes) {
        return true;
      }
      reason =
          "a value of %d bytes is larger than Redis takes (proto-max-bulk-len %d)"
              .formatted(largest, maxValueBytes);
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      // As said.
    }
    arguments.subList(from, arguments.size()).clear();
    refused.add(new Refusal(row, reason));
    return false;
  }

  private static long largest(List<byte[]> arguments, int from) {
    long largest = 0;
    for (int i = from; i < arguments.size(); i++) {
      largest = Math.max(largest, arguments.get(i).length);
    }
    return largest;
  }
}
