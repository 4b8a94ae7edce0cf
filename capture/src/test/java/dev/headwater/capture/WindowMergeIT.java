package dev.headwater.capture;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.position.Lsn;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.snapshot.ChunkRows;
import dev.headwater.log.snapshot.LoadSession;
import dev.headwater.log.snapshot.ReadChunk;
import dev.headwater.log.snapshot.TableLoad;
import dev.headwater.log.snapshot.TableLoadJson;
import dev.headwater.log.snapshot.Visibility;
import dev.headwater.log.snapshot.Watermark;
import dev.headwater.log.snapshot.WindowRead;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Chunks beside changes that are more than a row's whole image: an update that leaves a large value
 * out, and TRUNCATE. The test is the reader; it decides what lies between the watermarks.
 */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class WindowMergeIT {
  private final AtomicReference<@Nullable LoadSession> session = new AtomicReference<>();

  /** Holds back what the stream brings, to deliver it as one batch. */
  private static final class Hold implements ChangeSource {
    private final ChangeSource delegate;
    private final List<ByteBuffer> held = new ArrayList<>();
    private volatile boolean isShut;

    Hold(ChangeSource delegate) {
      this.delegate = delegate;
    }

    @Override
    public void stream(Receiver receiver) throws InterruptedException {
      delegate.stream(
          chunks -> {
            chunks.forEach(c -> held.add(ByteBuffer.allocate(c.remaining()).put(c.slice()).flip()));
            if (isShut) {
              return Optional.<Lsn>empty();
            }
            List<ByteBuffer> all = List.copyOf(held);
            held.clear();
            return receiver.receive(all);
          });
    }

    @Override
    public void close() {
      delegate.close();
    }
  }

  /** One window over {@code public.doc}. */
  private final class Window {
    private final CapturedSource source;
    private final ReadChunk chunk;
    private final long number;
    private final CountDownLatch inTheLog = new CountDownLatch(1);
    private @Nullable Visibility seen;

    /** Opens it and writes the low watermark. */
    Window(CapturedSource source) throws SQLException {
      this.source = source;
      LoadSession current = Objects.requireNonNull(session.get());
      TableId doc = new TableId(source.name(), "public", "doc");
      this.number = current.openWindow(Set.of(doc));
      this.chunk =
          new ReadChunk(
              Objects.requireNonNull(current.open(Set.of(doc)).get(doc)).schema(),
              new ChunkRows(),
              ending());
      mark(new Watermark(current.run(), 0, number));
    }

    /** Reads the table. */
    Window read() throws SQLException {
      try (Connection reader = source.connect();
          Statement statement = reader.createStatement()) {
        reader.setAutoCommit(false);
        reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        try (ResultSet rs = statement.executeQuery("SELECT pg_current_snapshot()::text")) {
          rs.next();
          seen = Visibility.parse(rs.getString(1));
        }
        try (ResultSet rs =
            statement.executeQuery(
                "SELECT '{\"id\":' || id || '}', row_to_json(doc)::text FROM doc ORDER BY id")) {
          while (rs.next()) {
            chunk
                .rows()
                .add(rs.getString(1).getBytes(UTF_8), rs.getString(2).getBytes(UTF_8), null);
          }
        }
        reader.commit();
      }
      return this;
    }

    /** Hands the rows over and writes the high watermark. */
    Window close() throws SQLException {
      LoadSession current = Objects.requireNonNull(session.get());
      current.hand(new WindowRead(number, Objects.requireNonNull(seen), List.of(chunk)));
      mark(new Watermark(current.run(), number, 0));
      return this;
    }

    void awaitInTheLog() throws InterruptedException {
      assertThat(inTheLog.await(90, TimeUnit.SECONDS)).isTrue();
    }

    private void mark(Watermark mark) throws SQLException {
      source.query(
          "SELECT pg_logical_emit_message(true, '"
              + Watermark.PREFIX
              + "', '"
              + mark.text()
              + "')");
    }

    private ReadChunk.Ending ending() {
      return new ReadChunk.Ending() {
        @Override
        public boolean isWanted() {
          return true;
        }

        @Override
        public byte[] appended(int appended) {
          return TableLoadJson.write(TableLoad.wanted("test", null).complete());
        }

        @Override
        public void inTheLog() {
          inTheLog.countDown();
        }

        @Override
        public void readAgain() {
          throw new AssertionError("nothing here makes a chunk void");
        }
      };
    }
  }

  /** Rows with a value out of line, from before the slot: the stream has never brought it. */
  private CapturedSource loadedByThisTest() throws SQLException {
    CapturedSource source =
        CapturedSource.create()
            .loader(
                s -> {
                  session.set(s);
                  return NoLoads.begin(s);
                });
    source.sql(
        "CREATE TABLE doc (id int PRIMARY KEY, n int, t text)",
        "INSERT INTO doc SELECT i, 0, (SELECT string_agg(md5(i || ' ' || j), '')"
            + " FROM generate_series(1, 1300) j) FROM generate_series(1, 3) i");
    return source;
  }

  private void start(CapturedSource source) throws Exception {
    source.start("public.doc");
    source.await("a session to load by", () -> session.get() != null);
  }

  private static void requireEqual(CapturedSource source) throws Exception {
    List<String> rows =
        source.topic("doc").rows().values().stream()
            .map(r -> r.get("id") + " " + r.get("n") + " " + r.get("t").asText())
            .toList();
    assertThat(rows)
        .containsExactlyInAnyOrderElementsOf(
            source.query("SELECT id || ' ' || n || ' ' || t FROM doc"));
  }

  private static List<String> history(CapturedSource source, int id) {
    return source.topic("doc").records().stream()
        .filter(r -> r.key().equals("{\"id\":" + id + "}"))
        .map(r -> r.op() + " " + String.valueOf(r.value()).replaceAll(".*\"n\":(\\d+).*", "$1"))
        .toList();
  }

  @Test
  void anUpdateThatLeavesALargeValueOutSupersedesTheRowThatWasReadBefore() throws Exception {
    try (CapturedSource source = loadedByThisTest()) {
      start(source);
      Window window = new Window(source).read();
      source.sql("UPDATE doc SET n = 1 WHERE id = 1");
      window.close().awaitInTheLog();
      source.awaitLog();

      requireEqual(source);
      assertThat(history(source, 1)).containsExactly("u 1");
      assertThat(history(source, 2)).containsExactly("r 0");
    }
  }

  @Test
  void rowsHeldForTheirLargeValuesGoIntoTheLogBeforeAChunkThatSawThem() throws Exception {
    AtomicReference<@Nullable Hold> hold = new AtomicReference<>();
    try (CapturedSource source = loadedByThisTest()) {
      source.wrap(
          s -> {
            Hold made = new Hold(s);
            hold.set(made);
            return made;
          });
      start(source);
      Hold held = Objects.requireNonNull(hold.get());
      held.isShut = true;
      Window window = new Window(source);
      source.sql("UPDATE doc SET n = 1 WHERE id = 1", "UPDATE doc SET n = 2 WHERE id = 1");
      window.read().close();
      held.isShut = false;
      source.awaitLog();
      window.awaitInTheLog();

      requireEqual(source);
      assertThat(history(source, 1)).containsExactly("u 1", "u 2", "r 2");
    }
  }

  @Test
  void aTruncateSupersedesEveryRowThatWasReadBefore() throws Exception {
    try (CapturedSource source = loadedByThisTest()) {
      start(source);
      source.sql("UPDATE doc SET n = 1 WHERE id = 1");
      Window window = new Window(source).read();
      source.sql("TRUNCATE doc", "INSERT INTO doc VALUES (3, 3, 'c'), (4, 4, 'd')");
      window.close().awaitInTheLog();
      source.awaitLog();

      requireEqual(source);
      assertThat(history(source, 2)).isEmpty();
    }
  }
}
