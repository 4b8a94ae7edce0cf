package dev.headwater.capture.window;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.capture.window.Windows.Rule;
import dev.headwater.log.schema.ColumnSchema;
import dev.headwater.log.schema.PgType;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.schema.TableSchema;
import dev.headwater.log.snapshot.ChunkRows;
import dev.headwater.log.snapshot.ReadChunk;
import dev.headwater.log.snapshot.Visibility;
import dev.headwater.log.snapshot.Watermark;
import dev.headwater.log.snapshot.WindowRead;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Writers, readers, a stream that lags, commits that become visible late, and restarts, in one
 * thread by a seeded schedule. In the end the log folded per key must be the table.
 *
 * <p>With any part of the rule taken out some schedule must go wrong: a test that cannot fail
 * guards nothing.
 */
class WindowsSimulationTest {
  private static final int KEYS = 12;
  private static final int CHUNKS = 4;
  private static final int STEPS = 400;
  private static final int SCHEDULES = Integer.getInteger("windows.schedules", 4_000);
  private static final long SEED = Long.getLong("windows.seed", 1);
  private static final TableId TABLE = new TableId("c", "public", "t");
  private static final TableSchema SCHEMA =
      new TableSchema(
          TABLE,
          1,
          List.of(new ColumnSchema("id", PgType.base("int4"), "integer", false, null)),
          List.of("id"));

  @Test
  void noReadOverwritesANewerChangeHoweverLateThatBecameVisible() {
    for (int i = 0; i < SCHEDULES; i++) {
      assertThat(isRight(SEED + i, EnumSet.allOf(Rule.class), false))
          .as("seed %d", SEED + i)
          .isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(Rule.class)
  void goesWrongWithoutAnyPartOfTheRule(Rule left) {
    Set<Rule> rules = EnumSet.complementOf(EnumSet.of(left));
    assertThat(someScheduleGoesWrong(rules, false)).as("without %s", left).isTrue();
  }

  @Test
  void goesWrongWhereOnlyTheNewKeyOfAMovedRowIsTouched() {
    assertThat(someScheduleGoesWrong(EnumSet.allOf(Rule.class), true)).isTrue();
  }

  private static boolean someScheduleGoesWrong(Set<Rule> rules, boolean touchesNewKeysOnly) {
    for (int i = 0; i < SCHEDULES; i++) {
      if (!isRight(SEED + i, rules, touchesNewKeysOnly)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isRight(long seed, Set<Rule> rules, boolean touchesNewKeysOnly) {
    return new Simulation(seed, rules, touchesNewKeysOnly).run();
  }

  private static final class Simulation {
    final Random random;
    final Set<Rule> rules;
    final boolean touchesNewKeysOnly;
    final SimulatedSource source;

    // The log: what is committed there, in one piece.
    final Map<Integer, String> log = new TreeMap<>();
    final Set<Integer> done = new TreeSet<>();
    int position;
    List<Long> delivered = List.of();

    // A session: gone at a restart.
    Windows windows;
    String run;
    int runs;
    int streamed;
    final Map<Integer, Optional<String>> batch = new TreeMap<>();
    final Set<Integer> batchDone = new TreeSet<>();
    final Deque<Integer> todo = new ArrayDeque<>();
    final List<Reader> readers = new ArrayList<>();

    Simulation(long seed, Set<Rule> rules, boolean touchesNewKeysOnly) {
      this.random = new Random(seed);
      this.rules = rules;
      this.touchesNewKeysOnly = touchesNewKeysOnly;
      // The 32 bits that the stream carries run over in the middle of some schedules.
      this.source = new SimulatedSource(KEYS, (1L << 32) - random.nextInt(200) + 100);
      // Rows are there before the first change streams, and nothing of them is in the log.
      restart();
    }

    boolean run() {
      for (int step = 0; step < STEPS; step++) {
        switch (random.nextInt(16)) {
          case 0, 1, 2, 3, 4, 5 -> source.write(random);
          case 6, 7 -> source.show(random);
          case 8, 9, 10 -> stream();
          case 11 -> commit();
          case 12 -> {
            if (random.nextInt(8) == 0) {
              restart();
            } else if (random.nextBoolean()) {
              windows.forgetBy(source.look());
            }
          }
          default -> readers.get(random.nextInt(readers.size())).step();
        }
      }
      source.settle();
      for (int i = 0; done.size() < CHUNKS; i++) {
        if (i > 1_000) {
          return false;
        }
        readers.forEach(Reader::step);
        drain();
      }
      drain();
      return log.equals(source.rows());
    }

    private void drain() {
      while (streamed < source.wal().size()) {
        stream();
      }
      commit();
    }

    private void restart() {
      batch.clear();
      batchDone.clear();
      streamed = position;
      run = rules.contains(Rule.MARKS_OF_THIS_RUN_ONLY) ? "run" + runs++ : "run";
      windows = new Windows(run, delivered, rules);
      todo.clear();
      for (int chunk = 0; chunk < CHUNKS; chunk++) {
        if (!done.contains(chunk)) {
          todo.add(chunk);
        }
      }
      readers.clear();
      readers.add(new Reader());
      readers.add(new Reader());
    }

    /** The stream brings the next unit. */
    private void stream() {
      if (streamed == source.wal().size()) {
        return;
      }
      SimulatedSource.Unit unit = source.wal().get(streamed++);
      windows.begin(unit.xid());
      for (SimulatedSource.Change change : unit.changes()) {
        boolean isTold = !touchesNewKeysOnly || change.value().isPresent();
        if (isTold) {
          windows.touched(TABLE, key(change.key()));
        }
        batch.put(change.key(), change.value());
      }
      unit.mark().ifPresent(windows::message);
      windows.commit(
          (chunk, superseded) -> {
            ChunkRows rows = chunk.rows();
            for (int i = 0; i < rows.size(); i++) {
              if (!superseded.test(rows.key(i))) {
                batch.put(number(rows.key(i)), Optional.of(text(rows.value(i))));
              }
            }
            chunk.ending().appended(rows.size());
            return true;
          });
    }

    /** The log's transaction: rows, marks of chunks, and position together. */
    private void commit() {
      batch.forEach(
          (key, value) -> value.ifPresentOrElse(v -> log.put(key, v), () -> log.remove(key)));
      batch.clear();
      done.addAll(batchDone);
      batchDone.clear();
      position = streamed;
      delivered = windows.delivered();
      windows.committed();
    }

    /** Reads chunk after chunk; a step at a time. */
    private final class Reader {
      int step;
      int chunk;
      long window;
      Visibility seen;
      Map<Integer, String> rows = Map.of();

      void step() {
        switch (step) {
          case 0 -> {
            if (todo.isEmpty()) {
              return;
            }
            chunk = todo.remove();
            window = windows.open(List.of(TABLE));
          }
          case 1 -> source.mark(mark(0, window));
          case 2 -> {
            seen = source.look();
            rows = source.read();
          }
          case 3 -> windows.hand(read());
          default -> source.mark(mark(window, 0));
        }
        step = (step + 1) % 5;
      }

      private byte[] mark(long high, long low) {
        return new Watermark(run, high, low).text().getBytes(StandardCharsets.UTF_8);
      }

      private WindowRead read() {
        ChunkRows chunkRows = new ChunkRows();
        rows.forEach(
            (id, value) -> {
              if (id % CHUNKS == chunk) {
                chunkRows.add(key(id), value.getBytes(StandardCharsets.UTF_8), null);
              }
            });
        int number = chunk;
        ReadChunk.Ending ending =
            new ReadChunk.Ending() {
              @Override
              public boolean isWanted() {
                return true;
              }

              @Override
              public byte[] appended(int appended) {
                batchDone.add(number);
                return new byte[0];
              }

              @Override
              public void inTheLog() {}

              @Override
              public void readAgain() {
                todo.add(number);
              }
            };
        return new WindowRead(window, seen, List.of(new ReadChunk(SCHEMA, chunkRows, ending)));
      }
    }

    private static byte[] key(int id) {
      return ("{\"id\":" + id + "}").getBytes(StandardCharsets.UTF_8);
    }

    private static int number(byte[] key) {
      return Integer.parseInt(text(key).replaceAll("\\D", ""));
    }

    private static String text(byte[] bytes) {
      return new String(bytes, StandardCharsets.UTF_8);
    }
  }
}
