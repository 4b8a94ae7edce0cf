package dev.headwater.capture.pgoutput;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.position.Lsn;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads pgoutput messages and tells a handler what they say.
 *
 * <p>Values stay where they are: a {@link Tuple} points into the message. One reader belongs to one
 * session and one thread.
 */
public final class PgOutputReader {
  /** Microseconds from 1970-01-01 to PostgreSQL's epoch, 2000-01-01. */
  private static final long POSTGRES_EPOCH_MICROS = 946_684_800_000_000L;

  private final PgOutputHandler handler;
  private final Tuple oldRow = new Tuple();
  private final Tuple newRow = new Tuple();

  public PgOutputReader(PgOutputHandler handler) {
    this.handler = handler;
  }

  /**
   * Reads one message.
   *
   * @param lsnValue the LSN the server sent it with
   * @param m positioned at the message's type byte; must be backed by an array
   * @throws HeadwaterException if the message is of a kind this protocol version does not have
   */
  public void read(long lsnValue, ByteBuffer m) {
    Lsn lsn = new Lsn(lsnValue);
    byte type = m.get();
    switch (type) {
      case 'I' -> {
        int relation = m.getInt();
        expect(m, 'N');
        handler.insert(lsn, relation, tuple(m, newRow));
      }
      case 'U' -> update(lsn, m);
      case 'D' -> {
        int relation = m.getInt();
        boolean keyOnly = isKeyOnly(m.get());
        handler.delete(lsn, relation, tuple(m, oldRow), keyOnly);
      }
      case 'B' -> handler.begin(lsn(m), m.getLong() + POSTGRES_EPOCH_MICROS, xid(m));
      case 'C' -> {
        m.get(); // flags, of which none is in use
        handler.commit(lsn(m), lsn(m));
      }
      case 'R' -> handler.relation(relation(m));
      case 'T' -> truncate(lsn, m);
      case 'M' -> message(lsn, m);
      case 'Y', 'O' -> {
        // A type's name or a transaction's origin: nothing that the log needs.
      }
      default ->
          throw new HeadwaterException(
              FailureCode.SOURCE_INCONSISTENT,
              "replication stream – unknown message type '" + (char) type + "'",
              "Update Headwater: the server speaks a newer protocol than was asked for.");
    }
  }

  private void update(Lsn lsn, ByteBuffer m) {
    int relation = m.getInt();
    byte kind = m.get();
    if (kind == 'N') {
      handler.update(lsn, relation, null, false, tuple(m, newRow));
      return;
    }
    boolean keyOnly = isKeyOnly(kind);
    Tuple old = tuple(m, oldRow);
    expect(m, 'N');
    handler.update(lsn, relation, old, keyOnly, tuple(m, newRow));
  }

  /** Whether an old image holds the replica identity's columns, or the whole row. */
  private static boolean isKeyOnly(byte kind) {
    if (kind != 'K' && kind != 'O') {
      throw malformed("old image of kind '" + (char) kind + "'");
    }
    return kind == 'K';
  }

  private void truncate(Lsn lsn, ByteBuffer m) {
    int count = m.getInt();
    m.get(); // CASCADE and RESTART IDENTITY change nothing about which rows are gone
    List<Integer> relations = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      relations.add(m.getInt());
    }
    handler.truncate(lsn, relations);
  }

  private void message(Lsn lsn, ByteBuffer m) {
    boolean transactional = (m.get() & 1) != 0;
    Lsn messageLsn = lsn(m);
    String prefix = string(m);
    byte[] content = new byte[m.getInt()];
    m.get(content);
    handler.message(lsn, transactional, messageLsn, prefix, content);
  }

  private static Relation relation(ByteBuffer m) {
    int oid = m.getInt();
    String schema = string(m);
    String name = string(m);
    char identity = (char) m.get();
    int count = m.getShort();
    List<Relation.Column> columns = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      boolean key = (m.get() & 1) != 0;
      columns.add(new Relation.Column(string(m), key, m.getInt(), m.getInt()));
    }
    // An empty schema name stands for pg_catalog.
    return new Relation(oid, schema.isEmpty() ? "pg_catalog" : schema, name, identity, columns);
  }

  private static Tuple tuple(ByteBuffer m, Tuple tuple) {
    int columns = m.getShort();
    int base = m.arrayOffset();
    tuple.reset(m.array(), columns);
    for (int i = 0; i < columns; i++) {
      byte kind = m.get();
      if (kind == 't') {
        int length = m.getInt();
        int start = m.position();
        tuple.add(kind, base + start, base + start + length);
        m.position(start + length);
      } else if (kind == 'n' || kind == 'u') {
        tuple.add(kind, 0, 0);
      } else {
        throw malformed("column kind '" + (char) kind + "'");
      }
    }
    return tuple;
  }

  private static void expect(ByteBuffer m, char expected) {
    byte found = m.get();
    if (found != expected) {
      throw malformed("'" + (char) found + "' where '" + expected + "' must stand");
    }
  }

  private static HeadwaterException malformed(String what) {
    return new HeadwaterException(
        FailureCode.SOURCE_INCONSISTENT,
        "replication stream – unreadable message: " + what,
        "Nothing was written. Report this with the server's version.");
  }

  private static Lsn lsn(ByteBuffer m) {
    return new Lsn(m.getLong());
  }

  private static long xid(ByteBuffer m) {
    return Integer.toUnsignedLong(m.getInt());
  }

  private static String string(ByteBuffer m) {
    int start = m.position();
    int end = start;
    while (m.get(end) != 0) {
      end++;
    }
    m.position(end + 1);
    return new String(m.array(), m.arrayOffset() + start, end - start, StandardCharsets.UTF_8);
  }
}
