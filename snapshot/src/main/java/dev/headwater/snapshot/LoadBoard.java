package dev.headwater.snapshot;

import dev.headwater.log.schema.TableId;
import dev.headwater.log.snapshot.ChunkRange;
import dev.headwater.log.snapshot.LoadTarget;
import dev.headwater.log.snapshot.TableLoad;
import dev.headwater.log.snapshot.TableLoad.Reload;
import dev.headwater.log.snapshot.TableLoadJson;
import dev.headwater.snapshot.TableProgress.Phase;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * All loads of a session, shared by the readers, the coordinator and the stream's thread. Its
 * monitor guards them; whoever holds it does not wait for anything else.
 */
final class LoadBoard {
  /** Small tables are read together up to so many: each costs the stream's transaction a topic. */
  private static final int TABLES_PER_WINDOW = 50;

  private final SnapshotConfig config;
  private final Map<TableId, TableTask> tasks = new LinkedHashMap<>();
  private int turn;

  LoadBoard(SnapshotConfig config, List<TableId> tables, Map<String, TableLoad> loads) {
    this.config = config;
    for (TableId table : tables) {
      tasks.put(table, new TableTask(table, config, loads.get(table.toString())));
    }
  }

  /** What a reader should read next; waits a while for something to do. */
  synchronized Optional<Work> take(long waitMillis) throws InterruptedException {
    Optional<Work> work = take();
    if (work.isEmpty() && waitMillis > 0) {
      wait(waitMillis);
      return take();
    }
    return work;
  }

  private Optional<Work> take() {
    long now = System.nanoTime();
    List<TableTask> ready = tasks.values().stream().filter(task -> task.isReady(now)).toList();
    if (ready.isEmpty()) {
      return Optional.empty();
    }
    // By turns, so that a table that has to wait holds nobody up and all get on.
    TableTask first = ready.get(Math.floorMod(turn++, ready.size()));
    List<Piece> pieces = new ArrayList<>();
    long rows = first.nextRows();
    pieces.add(first.take());
    for (TableTask task : ready) {
      if (pieces.size() >= TABLES_PER_WINDOW || rows >= config.chunkRows() / 2) {
        break;
      }
      if (task != first && task.isReady(now) && rows + task.nextRows() <= config.chunkRows()) {
        rows += task.nextRows();
        pieces.add(task.take());
      }
    }
    return Optional.of(new Work(pieces));
  }

  /** Runs something that looks at tasks or changes them. */
  synchronized <T> T with(Supplier<T> action) {
    T result = action.get();
    notifyAll();
    return result;
  }

  /** Runs something that changes tasks. */
  synchronized void run(Runnable action) {
    action.run();
    notifyAll();
  }

  /** Tables whose task is so now. */
  synchronized List<TableTask> select(Predicate<TableTask> wanted) {
    return tasks.values().stream().filter(wanted).toList();
  }

  synchronized Optional<TableTask> find(TableId table) {
    return Optional.ofNullable(tasks.get(table));
  }

  synchronized void restart(TableId table, @Nullable Reload wanted) {
    TableTask task = tasks.get(table);
    if (task != null) {
      task.restart(wanted);
      notifyAll();
    }
  }

  /**
   * Begins tables that have been looked up.
   *
   * @return states to be written before anything is read: those of reloads
   */
  synchronized Map<TableId, byte[]> plan(
      Map<TableId, Integer> generations,
      Function<TableId, Optional<SourceTable>> sources,
      Map<TableId, LoadTarget> targets,
      long sinceSeq) {
    Map<TableId, byte[]> states = new LinkedHashMap<>();
    generations.forEach(
        (table, generation) -> {
          TableTask task = tasks.get(table);
          LoadTarget target = targets.get(table);
          Optional<SourceTable> source = sources.apply(table);
          if (task == null || task.generation() != generation) {
            return;
          }
          if (source.isEmpty() || target == null) {
            task.fail("does not exist in the source any more");
            return;
          }
          task.plan(source.get(), target, sinceSeq);
          if (task.reload().isPresent()) {
            states.put(table, TableLoadJson.write(task.state()));
          }
        });
    notifyAll();
    return states;
  }

  /** A piece was read only up to somewhere. */
  synchronized ChunkRange cut(Piece piece, List<String> end) {
    return isCurrent(piece) ? piece.task().cut(piece.range(), end) : piece.range();
  }

  boolean isCurrent(Piece piece) {
    return piece.generation() == piece.task().generation();
  }

  synchronized List<TableProgress> progress() {
    return tasks.values().stream().map(TableTask::progress).toList();
  }

  synchronized boolean isIdle() {
    return tasks.values().stream()
        .allMatch(task -> task.phase() == Phase.COMPLETE || task.phase() == Phase.FAILED);
  }

  /** Waits until something changes, or for a moment. */
  synchronized void await(long millis) throws InterruptedException {
    wait(millis);
  }
}
