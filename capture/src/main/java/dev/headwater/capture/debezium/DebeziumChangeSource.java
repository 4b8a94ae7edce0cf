package dev.headwater.capture.debezium;

import dev.headwater.capture.CaptureConfig;
import dev.headwater.capture.ChangeSource;
import dev.headwater.capture.Defects;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.position.Lsn;
import io.debezium.embedded.Connect;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.DebeziumEngine.ChangeConsumer;
import io.debezium.engine.DebeziumEngine.RecordCommitter;
import io.debezium.engine.RecordChangeEvent;
import io.debezium.engine.format.ChangeEventFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One session of Debezium's embedded engine as a {@link ChangeSource}.
 *
 * <p>The engine runs on the thread that calls {@link #stream}; the receiver is called on the
 * engine's polling thread, one batch at a time. An LSN is acknowledged only through the engine's
 * committer, with that LSN as the whole offset: Debezium's own offset of a record, which is an
 * event's LSN, is never stored. Any exception ends the engine; none is ever of the kind that makes
 * the engine try the next batch instead.
 */
public final class DebeziumChangeSource implements ChangeSource {
  private static final Logger LOG = LoggerFactory.getLogger(DebeziumChangeSource.class);
  private static final String ACKNOWLEDGED_LSN = "lsn_commit";
  private static final long CLOSE_TIMEOUT_SECONDS = 20;
  private static final long CUT_AFTER_SECONDS = 5;

  private final CaptureConfig config;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final CountDownLatch started = new CountDownLatch(1);
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile @Nullable DebeziumEngine<?> engine;
  private volatile boolean isReceiving;
  private @Nullable Thread streaming; // guarded by this
  private boolean isCut; // guarded by this
  private @Nullable Lsn acknowledged;

  public DebeziumChangeSource(CaptureConfig config) {
    this.config = config;
  }

  @Override
  public void stream(Receiver receiver) throws InterruptedException {
    DebeziumEngine<RecordChangeEvent<SourceRecord>> running =
        DebeziumEngine.create(ChangeEventFormat.of(Connect.class))
            .using(DebeziumProperties.of(config))
            .using(
                (success, message, error) -> {
                  if (error != null) {
                    failure.compareAndSet(null, error);
                  } else if (!success) {
                    failure.compareAndSet(null, new IllegalStateException(message));
                  }
                })
            .using(
                new DebeziumEngine.ConnectorCallback() {
                  @Override
                  public void pollingStarted() {
                    started.countDown();
                  }
                })
            .notifying(consumer(receiver))
            .build();
    synchronized (this) {
      streaming = Thread.currentThread();
    }
    engine = running;
    try {
      if (!closing.get()) {
        running.run();
      }
    } finally {
      started.countDown();
      ended.countDown();
    }
    if (wasInterrupted()) {
      throw new InterruptedException();
    }
    Throwable error = failure.get();
    if (error != null && !closing.get()) {
      throw SourceFailures.translate(config.name(), error);
    }
  }

  /** Whether somebody else interrupted this thread: a cut was meant for the engine alone. */
  private synchronized boolean wasInterrupted() {
    streaming = null;
    return Thread.interrupted() && !isCut;
  }

  /** Has an engine end that waits for tasks which ended before it began to. */
  private synchronized void cut() {
    Thread waiting = streaming;
    if (waiting != null && !isReceiving) {
      isCut = true;
      waiting.interrupt();
    }
  }

  private ChangeConsumer<RecordChangeEvent<SourceRecord>> consumer(Receiver receiver) {
    return new ChangeConsumer<>() {
      @Override
      public void handleBatch(
          List<RecordChangeEvent<SourceRecord>> records,
          RecordCommitter<RecordChangeEvent<SourceRecord>> committer)
          throws InterruptedException {
        isReceiving = true; // before it is looked whether this is closing: then none begins
        try {
          if (records.isEmpty() || closing.get()) {
            return;
          }
          Optional<Lsn> done = receiver.receive(chunksOf(records));
          if (done.isPresent()) {
            acknowledge(done.get(), records.get(records.size() - 1), committer);
          }
        } catch (HeadwaterException | InterruptedException e) {
          failure.compareAndSet(null, e);
          throw e;
        } catch (RuntimeException e) {
          // Kafka's retriable exceptions are runtime exceptions too, and the engine would answer
          // one by going on with the next batch. This one it takes as the end.
          HeadwaterException end = Defects.of(config.name(), "handling a batch", e);
          failure.compareAndSet(null, end);
          throw end;
        } finally {
          isReceiving = false;
        }
      }

      @Override
      public boolean supportsTombstoneEvents() {
        return true;
      }
    };
  }

  private void acknowledge(
      Lsn lsn,
      RecordChangeEvent<SourceRecord> carrier,
      RecordCommitter<RecordChangeEvent<SourceRecord>> committer)
      throws InterruptedException {
    if (lsn.equals(acknowledged)) {
      return;
    }
    DebeziumEngine.Offsets offsets = committer.buildOffsets();
    offsets.set(ACKNOWLEDGED_LSN, lsn.value());
    committer.markProcessed(carrier, offsets);
    committer.markBatchFinished();
    acknowledged = lsn;
  }

  private static List<ByteBuffer> chunksOf(List<RecordChangeEvent<SourceRecord>> records) {
    List<ByteBuffer> chunks = new ArrayList<>(records.size());
    for (RecordChangeEvent<SourceRecord> record : records) {
      Struct value = (Struct) record.record().value();
      chunks.add((ByteBuffer) value.getStruct("message").get("content"));
    }
    return chunks;
  }

  @Override
  public void close() {
    closing.set(true);
    DebeziumEngine<?> running = engine;
    if (running == null) {
      return;
    }
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(CLOSE_TIMEOUT_SECONDS);
    try {
      // Closed while it starts, the engine may never end; once it polls it ends at once. It also
      // refuses to be closed at some moments, so it is asked again.
      started.await(CLOSE_TIMEOUT_SECONDS / 2, TimeUnit.SECONDS);
      while (ended.getCount() > 0 && System.nanoTime() < deadline) {
        try {
          running.close();
          break;
        } catch (IllegalStateException | IOException e) {
          LOG.atDebug().setCause(e).log("engine does not close yet");
          ended.await(50, TimeUnit.MILLISECONDS);
        }
      }
      if (ended.await(CUT_AFTER_SECONDS, TimeUnit.SECONDS)) {
        return;
      }
      // Closed at the moment it began to poll, it would wait for ever.
      cut();
      if (!ended.await(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        LOG.atWarn().addKeyValue("connector", config.name()).log("engine did not end in time");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
