package dev.headwater.snapshot;

import dev.headwater.log.snapshot.ChunkRange;
import dev.headwater.log.snapshot.ReadChunk;
import dev.headwater.log.snapshot.TableLoadJson;
import java.util.concurrent.atomic.AtomicBoolean;

/** What the stream's thread says of one piece that was read, told to the board. */
final class PieceEnding implements ReadChunk.Ending {
  private final LoadBoard board;
  private final ByteBudget budget;
  private final Piece piece;
  private final ChunkRange range;
  private final long bytes;
  private final AtomicBoolean isOver = new AtomicBoolean();

  PieceEnding(LoadBoard board, ByteBudget budget, Piece piece, ChunkRange range, long bytes) {
    this.board = board;
    this.budget = budget;
    this.piece = piece;
    this.range = range;
    this.bytes = bytes;
  }

  @Override
  public boolean isWanted() {
    return !isOver.get() && board.with(() -> board.isCurrent(piece));
  }

  @Override
  public byte[] appended(int appended) {
    return TableLoadJson.write(board.with(() -> piece.task().appended(range, appended, bytes)));
  }

  @Override
  public void inTheLog() {
    if (isOver.getAndSet(true)) {
      return;
    }
    budget.adjust(-bytes);
    board.run(
        () -> {
          if (board.isCurrent(piece)) {
            piece.task().settled();
          }
        });
  }

  @Override
  public void readAgain() {
    if (isOver.getAndSet(true)) {
      return;
    }
    budget.adjust(-bytes);
    board.run(
        () -> {
          if (board.isCurrent(piece)) {
            piece.task().readAgain(range);
          }
        });
  }
}
