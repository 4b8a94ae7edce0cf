package dev.headwater.capture.fuzz;

import dev.headwater.capture.ChangeSource;
import dev.headwater.capture.RawChunk;
import dev.headwater.log.position.Lsn;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Cuts what a source delivers into small pieces, so that most of them end inside a transaction, and
 * ends the process at a random piece: before it is handled, or after, before it is acknowledged.
 */
final class HaltingSource implements ChangeSource {
  private final ChangeSource delegate;
  private final Random random;
  private int piecesLeft;

  HaltingSource(ChangeSource delegate, Random random, int haltAfterPieces) {
    this.delegate = delegate;
    this.random = random;
    this.piecesLeft = haltAfterPieces == 0 ? Integer.MAX_VALUE : haltAfterPieces;
  }

  @Override
  public void stream(Receiver receiver) throws InterruptedException {
    System.out.println("STREAMING");
    delegate.stream(
        chunks -> {
          Optional<Lsn> done = Optional.empty();
          for (ByteBuffer chunk : chunks) {
            for (ByteBuffer piece : pieces(chunk)) {
              piecesLeft--;
              if (piecesLeft == 0 && random.nextBoolean()) {
                Runtime.getRuntime().halt(9);
              }
              done = receiver.receive(List.of(piece));
              if (piecesLeft <= 0) {
                Runtime.getRuntime().halt(9);
              }
            }
          }
          // Rarely acknowledging is allowed, and makes the server send more again.
          return random.nextInt(10) < 4 ? done : Optional.empty();
        });
  }

  private List<ByteBuffer> pieces(ByteBuffer chunk) {
    List<ByteBuffer> pieces = new ArrayList<>();
    RawChunk.Builder[] piece = {new RawChunk.Builder()};
    int[] left = {pieceSize()};
    boolean[] empty = {true};
    RawChunk.forEach(
        chunk,
        (lsn, message) -> {
          piece[0].add(lsn, message);
          empty[0] = false;
          if (--left[0] == 0) {
            pieces.add(ByteBuffer.wrap(piece[0].takeBytes()));
            left[0] = pieceSize();
            empty[0] = true;
          }
        });
    if (!empty[0]) {
      pieces.add(ByteBuffer.wrap(piece[0].takeBytes()));
    }
    return pieces;
  }

  private int pieceSize() {
    return random.nextInt(4) == 0 ? 1 + random.nextInt(40) : 1000 + random.nextInt(4000);
  }

  @Override
  public void close() {
    delegate.close();
  }
}
