package dev.headwater.capture;

import dev.headwater.log.position.Lsn;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * Delivers what a PostgreSQL slot sends, as pgoutput's own bytes.
 *
 * <p>One object is one session: it is streamed from once and is then over. The first message is the
 * one behind the slot's {@code confirmed_flush_lsn}: units whose commit record starts there or
 * later, each from its BEGIN, in commit order, whole. What was delivered but not acknowledged
 * before the former session ended is delivered again; nothing that was not acknowledged is ever
 * left out.
 */
public interface ChangeSource extends AutoCloseable {

  /** Takes what is delivered. */
  @FunctionalInterface
  interface Receiver {
    /**
     * Handles the next chunks, each as {@link RawChunk} lays it out.
     *
     * <p>Called on one thread at a time. When it returns, the source may acknowledge to the server
     * everything before the LSN returned; empty means nothing new may be acknowledged. When it
     * throws, the session ends and nothing more is acknowledged.
     */
    Optional<Lsn> receive(List<ByteBuffer> chunks) throws InterruptedException;
  }

  /**
   * Streams until {@link #close()} is called or something fails.
   *
   * @throws dev.headwater.log.failure.HeadwaterException if the source or the receiver failed; the
   *     receiver's own exception is passed on as it is
   */
  void stream(Receiver receiver) throws InterruptedException;

  /**
   * Ends {@link #stream} from another thread, and waits a bounded time until the server's side is
   * released. May be called more than once.
   */
  @Override
  void close();
}
