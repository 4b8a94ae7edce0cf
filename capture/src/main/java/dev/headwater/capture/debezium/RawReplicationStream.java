package dev.headwater.capture.debezium;

import dev.headwater.capture.RawChunk;
import io.debezium.connector.postgresql.connection.LogicalDecodingMessage;
import io.debezium.connector.postgresql.connection.Lsn;
import io.debezium.connector.postgresql.connection.ReplicationMessage.Operation;
import io.debezium.connector.postgresql.connection.ReplicationStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ExecutorService;
import org.jspecify.annotations.Nullable;
import org.postgresql.replication.LogSequenceNumber;
import org.postgresql.replication.PGReplicationStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gathers what the walsender has ready into chunks and passes each on as one logical decoding
 * message.
 *
 * <p>Debezium's cost per event is paid once a chunk, not once a row. The messages are declared
 * transactional so that Debezium never takes one for a commit: what may be acknowledged is decided
 * by the log alone.
 *
 * <p>{@link #readPending} runs on the streaming thread; {@link #flushLsn} on Debezium's flush
 * thread; the keep-alive on a thread of its own. The driver's stream allows that.
 */
final class RawReplicationStream implements ReplicationStream {
  private static final Logger LOG = LoggerFactory.getLogger(RawReplicationStream.class);

  private static final long LEAST_PAUSE_MILLIS = 1;

  /** Each look wakes a thread. */
  private static final long MOST_PAUSE_MILLIS = 5;

  /** A message lies unseen for at most this part of the time since the one before it. */
  private static final long PART_OF_SILENCE = 5;

  /**
   * How often control goes back to Debezium's loop, which notices that it should stop; and how
   * often the driver is asked in any case, which has statuses to send.
   */
  private static final int PAUSES_BEFORE_RETURN = 20;

  private final PGReplicationStream stream;
  private final Duration statusInterval;
  private final @Nullable InputStream arrivals;
  private final RawChunk.Builder chunk = new RawChunk.Builder();
  private long lastMessageNanos = System.nanoTime();
  private volatile Lsn lastReceivedLsn = Lsn.valueOf(0L);
  private volatile @Nullable ExecutorService keepAlive;

  /**
   * @param arrivals tells whether bytes of the stream have come; null if nobody can tell
   */
  RawReplicationStream(
      PGReplicationStream stream, Duration statusInterval, @Nullable InputStream arrivals) {
    this.stream = stream;
    this.statusInterval = statusInterval;
    this.arrivals = arrivals;
  }

  @Override
  public void read(ReplicationMessageProcessor processor)
      throws SQLException, InterruptedException {
    take(stream.read());
    passOn(processor);
  }

  @Override
  public boolean readPending(ReplicationMessageProcessor processor)
      throws SQLException, InterruptedException {
    ByteBuffer message = awaitPending();
    if (message == null) {
      // Told that nothing came, Debezium would pause for its whole poll interval, and until
      // something came it would drop every acknowledgement.
      return true;
    }
    do {
      take(message);
    } while (!chunk.isFull() && (message = stream.readPending()) != null);
    passOn(processor);
    return true;
  }

  /** The next message, or null when none came within a short while. */
  private @Nullable ByteBuffer awaitPending() throws SQLException, InterruptedException {
    ByteBuffer message = stream.readPending();
    for (int pause = 0; message == null && pause < PAUSES_BEFORE_RETURN; pause++) {
      Thread.sleep(pauseMillis((System.nanoTime() - lastMessageNanos) / 1_000_000));
      message = mayHaveCome() ? stream.readPending() : null;
    }
    if (message != null) {
      lastMessageNanos = System.nanoTime();
    }
    return message;
  }

  /**
   * Whether asking the driver may bring something. Only this thread reads, and where the driver has
   * answered that nothing is there, it has emptied its buffers and TLS's: what comes then shows at
   * the socket.
   */
  private boolean mayHaveCome() {
    try {
      return arrivals == null || arrivals.available() > 0;
    } catch (IOException e) {
      LOG.atDebug().setCause(e).log("socket cannot tell; the driver is asked and says why");
      return true;
    }
  }

  /** Where messages are few, and that may be those of other connectors, looks are fewer. */
  private static long pauseMillis(long silenceMillis) {
    return Math.max(
        LEAST_PAUSE_MILLIS, Math.min(MOST_PAUSE_MILLIS, silenceMillis / PART_OF_SILENCE));
  }

  private void take(ByteBuffer message) {
    LogSequenceNumber lsn = stream.getLastReceiveLSN();
    chunk.add(lsn.asLong(), message);
    // RELATION messages carry no position of their own.
    if (lsn.asLong() != 0) {
      lastReceivedLsn = Lsn.valueOf(lsn.asLong());
    }
  }

  private void passOn(ReplicationMessageProcessor processor)
      throws SQLException, InterruptedException {
    processor.process(
        new LogicalDecodingMessage(
            Operation.MESSAGE, Instant.now(), null, true, "", chunk.takeBytes()));
  }

  @Override
  public void flushLsn(Lsn lsn) throws SQLException {
    LogSequenceNumber flushed = LogSequenceNumber.valueOf(lsn.asLong());
    if (stream.getLastFlushedLSN().compareTo(flushed) < 0) {
      stream.setFlushedLSN(flushed);
      stream.setAppliedLSN(flushed);
    }
    stream.forceUpdateStatus();
  }

  @Override
  public Lsn lastReceivedLsn() {
    return lastReceivedLsn;
  }

  @Override
  public @Nullable Lsn startLsn() {
    return Lsn.valueOf(0L);
  }

  /** Answers the server while a slow log holds the streaming thread back in Debezium's queue. */
  @Override
  public void startKeepAlive(ExecutorService service) {
    keepAlive = service;
    service.execute(
        () -> {
          try {
            while (!service.isShutdown()) {
              stream.forceUpdateStatus();
              Thread.sleep(statusInterval.toMillis());
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          } catch (SQLException e) {
            // The streaming thread meets the same broken connection and reports it.
            LOG.atDebug().setCause(e).log("keep-alive of the replication stream ended");
          }
        });
  }

  @Override
  public void stopKeepAlive() {
    ExecutorService service = keepAlive;
    if (service != null) {
      service.shutdownNow();
      keepAlive = null;
    }
  }

  @Override
  public void close() throws SQLException {
    stream.close();
  }
}
