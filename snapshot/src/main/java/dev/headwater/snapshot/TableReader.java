package dev.headwater.snapshot;

import com.zaxxer.hikari.HikariDataSource;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.TableId;
import dev.headwater.log.snapshot.ChunkRange;
import dev.headwater.log.snapshot.LoadSession;
import dev.headwater.log.snapshot.ReadChunk;
import dev.headwater.log.snapshot.Visibility;
import dev.headwater.log.snapshot.Watermark;
import dev.headwater.log.snapshot.WindowRead;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One reader: window after window, for the time of a session, on a thread and a connection of its
 * own.
 *
 * <p>A window's high watermark and the next one's low watermark are one message, so a chunk costs
 * the source one small commit. What a reader has handed over is in the stream's hands; the reader
 * goes on. A table whose definition has changed since it was planned is begun again; one that
 * cannot be read fails by itself.
 */
final class TableReader implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(TableReader.class);
  private static final long IDLE_MILLIS = 500;
  private static final long LOOK_MILLIS = 20;
  private static final long PAUSE_NANOS = 500_000_000;

  private final LoadSession session;
  private final LoadBoard board;
  private final HikariDataSource pool;
  private final SourceTables sources;
  private final SnapshotConfig config;
  private final ByteBudget budget;
  private final RateLimit rate;
  private final SnapshotFailures failures;
  private final ChunkReader chunks;

  private volatile @Nullable ReaderSession source;
  private long handed;
  private List<ReadChunk> handedChunks = List.of();
  private volatile boolean stopped;

  TableReader(
      LoadSession session,
      LoadBoard board,
      HikariDataSource pool,
      SourceTables sources,
      SnapshotConfig config,
      ByteBudget budget,
      RateLimit rate) {
    this.session = session;
    this.board = board;
    this.pool = pool;
    this.sources = sources;
    this.config = config;
    this.budget = budget;
    this.rate = rate;
    this.failures = new SnapshotFailures(session.connector());
    this.chunks = new ChunkReader(config.chunkBytes());
  }

  /** Ends the reader from another thread, in the middle of a read too. */
  void stop() {
    stopped = true;
    ReaderSession open = source;
    if (open != null) {
      open.abort();
    }
  }

  @Override
  public void run() {
    try {
      while (!stopped) {
        step();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      if (!stopped) {
        session.fail(e);
      }
    } finally {
      closeSource();
    }
  }

  private void step() throws InterruptedException {
    if (!mayRead()) {
      closeWindow();
      budget.await(LOOK_MILLIS);
      return;
    }
    Optional<Work> work = board.take(handed == 0 ? IDLE_MILLIS : 0);
    if (work.isEmpty()) {
      budget.adjust(-config.chunkBytes());
      if (handed == 0) {
        closeSource();
      }
      closeWindow();
      return;
    }
    read(work.get());
  }

  /** Takes room for a chunk, if limits allow reading now. */
  private boolean mayRead() {
    OptionalLong lag = session.lagBytes();
    return session.mayLoad()
        && rate.waitNanos() <= 0
        && (lag.isEmpty() || lag.getAsLong() <= config.maxLagBytes())
        && budget.tryTake(config.chunkBytes());
  }

  private void closeWindow() throws InterruptedException {
    if (handed != 0) {
      try {
        mark(handed, 0);
      } catch (SQLException e) {
        LOG.atDebug().setCause(e).log("a high watermark was not written");
        lost();
      }
      handed = 0;
      handedChunks = List.of();
    }
  }

  /** A window that was handed over and cannot be closed: its chunks are to be read again. */
  private void lost() {
    for (ReadChunk chunk : handedChunks) {
      chunk.ending().readAgain();
    }
    session.abandon(handed);
    closeSource();
  }

  private void read(Work work) throws InterruptedException {
    long window = session.openWindow(work.tables());
    Piece reading = work.pieces().get(0);
    List<ReadChunk> read = new ArrayList<>();
    List<Piece> left = new ArrayList<>(work.pieces());
    long taken = config.chunkBytes();
    try {
      mark(handed, window);
      handed = 0;
      handedChunks = List.of();
      ReaderSession from = source();
      Visibility seen = from.begin();
      while (!left.isEmpty() && !from.isBroken() && taken > 0) {
        reading = left.get(0);
        long begun = rate.now();
        ChunkReader.Result result = chunks.read(from.connection(), reading);
        left.remove(0);
        if (result.isBrokenOff()) {
          from.breakOff();
        }
        if (result.isTooLarge()) {
          tooLarge(reading);
        } else {
          taken -= result.rows().bytes();
          read.add(chunk(reading, result));
          rate.read(result.rows().size(), begun);
        }
      }
      if (!from.isBroken()) {
        from.end();
      } else {
        closeSource();
      }
      List<ReadChunk> sound = soundOf(work, read);
      session.hand(new WindowRead(window, seen, sound));
      handed = window;
      handedChunks = sound;
    } catch (SQLException e) {
      session.abandon(window);
      if (handed != 0) {
        lost();
        handed = 0;
      }
      read.forEach(chunk -> chunk.ending().readAgain());
      failed(reading, left, e);
    } catch (HeadwaterException e) {
      session.abandon(window);
      read.forEach(chunk -> chunk.ending().readAgain());
      failed(reading, left, e);
    } catch (InterruptedException | RuntimeException e) {
      session.abandon(window);
      throw e;
    } finally {
      // What was taken in advance and is not in rows that were read; those give back their own.
      budget.adjust(-taken);
      giveBack(left);
    }
  }

  private ReadChunk chunk(Piece piece, ChunkReader.Result result) {
    ChunkRange range = result.end() == null ? piece.range() : board.cut(piece, result.end());
    long bytes = result.rows().bytes();
    board.run(
        () -> {
          if (board.isCurrent(piece)) {
            piece.task().measured(piece, range, result.rows().size(), bytes);
          }
        });
    return new ReadChunk(
        piece.target().schema(),
        result.rows(),
        new PieceEnding(board, budget, piece, range, bytes));
  }

  /** Begins tables again that are not what they were when they were planned; the others' chunks. */
  private List<ReadChunk> soundOf(Work work, List<ReadChunk> read) throws SQLException {
    Map<TableId, SourceTable> now = sources.describe(source().connection(), work.tables());
    Map<TableId, Piece> pieces = new LinkedHashMap<>();
    work.pieces().forEach(piece -> pieces.put(piece.task().table(), piece));
    List<ReadChunk> sound = new ArrayList<>();
    for (ReadChunk chunk : read) {
      Piece piece = pieces.get(chunk.schema().table());
      SourceTable table = now.get(chunk.schema().table());
      if (piece != null
          && table != null
          && table.definition().equals(piece.source().definition())) {
        sound.add(chunk);
      } else {
        chunk.ending().readAgain();
        if (piece != null) {
          changed(piece);
        }
      }
    }
    return sound;
  }

  private void changed(Piece piece) {
    LOG.atInfo()
        .addKeyValue("table", piece.task().table())
        .log("table was altered or rewritten; its load begins again");
    board.run(
        () -> {
          if (board.isCurrent(piece)) {
            piece.task().restart(null);
          }
        });
  }

  private void tooLarge(Piece piece) throws SQLException {
    long blocks = SourceTables.blocks(freshSource().connection(), piece.leaf().oid());
    board.run(
        () -> {
          if (board.isCurrent(piece)) {
            piece.task().tooLarge(piece, blocks);
          }
        });
  }

  private void failed(Piece piece, List<Piece> left, Exception e) throws InterruptedException {
    left.remove(piece);
    closeSource(true);
    if (Thread.interrupted() || stopped) {
      giveBack(List.of(piece));
      throw new InterruptedException("interrupted while reading " + piece.task().table());
    }
    HeadwaterException failure =
        e instanceof HeadwaterException known ? known : failures.translate(piece.task().table(), e);
    if (failure.code().isRetriable()) {
      LOG.atWarn()
          .addKeyValue("table", piece.task().table())
          .addKeyValue("error", failure.getMessage())
          .log("a chunk is read again");
      giveBack(List.of(piece));
      board.run(() -> piece.task().pause(PAUSE_NANOS));
      return;
    }
    try {
      SourceTable now =
          sources
              .describe(source().connection(), List.of(piece.task().table()))
              .get(piece.task().table());
      if (now != null && !now.definition().equals(piece.source().definition())) {
        changed(piece);
        return;
      }
    } catch (SQLException again) {
      failure.addSuppressed(again);
    }
    LOG.atWarn()
        .addKeyValue("table", piece.task().table())
        .addKeyValue("error", failure.getMessage())
        .log("table cannot be loaded; the others go on");
    board.run(
        () -> {
          if (board.isCurrent(piece)) {
            piece.task().fail(failure.getMessage() + ". " + failure.hint());
          }
        });
  }

  private void giveBack(List<Piece> pieces) {
    for (Piece piece : pieces) {
      board.run(
          () -> {
            if (board.isCurrent(piece)) {
              piece.task().giveBack(piece.range());
            }
          });
    }
  }

  private void mark(long high, long low) throws SQLException {
    source().mark(new Watermark(session.run(), high, low));
  }

  private ReaderSession source() throws SQLException {
    ReaderSession open = source;
    if (open == null) {
      open = new ReaderSession(pool);
      source = open;
    }
    return open;
  }

  private ReaderSession freshSource() throws SQLException {
    closeSource();
    return source();
  }

  private void closeSource() {
    closeSource(false);
  }

  private void closeSource(boolean isBroken) {
    ReaderSession open = source;
    source = null;
    if (open != null) {
      if (isBroken) {
        open.breakOff();
      }
      try {
        open.close();
      } catch (SQLException e) {
        LOG.atDebug().setCause(e).log("a reader's session did not close");
      }
    }
  }
}
