package dev.headwater.capture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.connect.errors.RetriableException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.postgresql.PGConnection;

/**
 * Streams that end where a position is hardest to tell: each row is in the log once all the same.
 */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class CutStreamIT {
  private static final int ROWS = 300;
  private static final int ROWS_BEFORE_THE_CUT = 10;

  private final AtomicBoolean isCut = new AtomicBoolean();

  @Test
  void noRowOfACopyIsLostWhereItIsCutBetweenRowsOfOneLsn() throws Exception {
    try (CapturedSource source = capturing()) {
      source.wrap(delegate -> new CutInsideAnLsn(delegate, isCut)).restart();
      copy(source);
      source.awaitLog();

      assertThat(isCut).isTrue();
      assertThat(keys(source)).isEqualTo(keysUpTo(ROWS));
    }
  }

  /** Its commit record may begin where the position ends: behind the commit of another one. */
  @Test
  void noRowOfATransactionIsLostThatStoodOpenOverAStop() throws Exception {
    try (CapturedSource source = capturing();
        Connection writer = source.connect();
        Statement open = writer.createStatement()) {
      source.restart();
      writer.setAutoCommit(false);
      open.execute("INSERT INTO t SELECT generate_series(1, 6)");
      source.awaitLog();
      source.stop();
      writer.commit();
      open.execute("INSERT INTO t SELECT generate_series(7, 10)");
      writer.commit();
      source.restart();
      source.awaitLog();

      assertThat(keys(source)).isEqualTo(keysUpTo(10));
    }
  }

  /** The engine answers this sort of exception by going on with the next batch. */
  @Test
  void aBatchWhoseHandlerFailedIsNotTakenForDone() throws Exception {
    try (CapturedSource source = capturing()) {
      source.wrap(delegate -> new Failing(delegate, isCut)).restart();
      source.sql("INSERT INTO t SELECT generate_series(1, 10)");
      HeadwaterException failure = source.awaitFailure();

      assertThat(failure.code()).isEqualTo(FailureCode.INTERNAL);
      assertThat(failure).hasRootCauseInstanceOf(RetriableException.class);
      source.restart();
      source.awaitLog();
      assertThat(keys(source)).isEqualTo(keysUpTo(10));
    }
  }

  /**
   * The change is counted before its row is encoded. Whoever commits between the failure and the
   * session's end would take the count along, and the change would be passed over for ever.
   */
  @Test
  void noRowIsLostThatCouldNotBeEncodedWhereTheSessionEndsLate() throws Exception {
    try (CapturedSource source = CapturedSource.create()) {
      source.sql("CREATE TABLE t (id int PRIMARY KEY, v text)");
      source.start("public.t");
      source.awaitLog();
      source.stop();
      source.wrap(delegate -> new Spoiling(delegate, isCut)).restart();
      source.sql("INSERT INTO t VALUES (1, 'before'), (2, 'to be spoiled'), (3, 'after')");
      source.awaitLog();

      assertThat(isCut).isTrue();
      assertThat(keys(source)).isEqualTo(keysUpTo(3));
    }
  }

  /** Was captured before, so that what the test starts goes on from a position. */
  private static CapturedSource capturing() throws Exception {
    CapturedSource source = CapturedSource.create();
    source.sql("CREATE TABLE t (id int PRIMARY KEY)");
    source.start("public.t");
    source.awaitLog();
    source.stop();
    return source;
  }

  /** Rows that are copied stand many to a record of the WAL, and share its LSN. */
  private static void copy(CapturedSource source) throws Exception {
    String lines =
        IntStream.rangeClosed(1, ROWS).mapToObj(String::valueOf).collect(Collectors.joining("\n"));
    try (Connection connection = source.connect()) {
      connection
          .unwrap(PGConnection.class)
          .getCopyAPI()
          .copyIn("COPY t FROM STDIN", new StringReader(lines + "\n"));
    }
  }

  private static List<String> keys(CapturedSource source) {
    return source.topic("t").records().stream().map(LogTopic.Entry::key).toList();
  }

  private static List<String> keysUpTo(int last) {
    return IntStream.rangeClosed(1, last).mapToObj(i -> "{\"id\":" + i + "}").toList();
  }

  /** Once, ends a session behind rows that are in the log, with the next one of the same LSN. */
  private record CutInsideAnLsn(ChangeSource delegate, AtomicBoolean isCut)
      implements ChangeSource {
    @Override
    public void stream(Receiver receiver) throws InterruptedException {
      delegate.stream(
          chunks -> {
            for (ByteBuffer chunk : chunks) {
              ByteBuffer head = isCut.get() ? null : head(chunk);
              if (head != null) {
                isCut.set(true);
                receiver.receive(List.of(head));
                throw new HeadwaterException(
                    FailureCode.SOURCE_UNREACHABLE, "the test cut the stream", "It goes on.");
              }
            }
            return receiver.receive(chunks);
          });
    }

    private static @Nullable ByteBuffer head(ByteBuffer chunk) {
      RawChunk.Builder head = new RawChunk.Builder();
      long[] lsnBefore = {0};
      int[] sharing = {0};
      RawChunk.forEach(
          chunk,
          (lsn, message) -> {
            boolean isInsert = message.get(message.position()) == 'I';
            if (sharing[0] <= ROWS_BEFORE_THE_CUT) {
              sharing[0] += isInsert && lsn == lsnBefore[0] ? 1 : 0;
              lsnBefore[0] = lsn;
            }
            // The one that is counted last is not delivered any more.
            if (sharing[0] <= ROWS_BEFORE_THE_CUT) {
              head.add(lsn, message);
            }
          });
      return sharing[0] > ROWS_BEFORE_THE_CUT ? ByteBuffer.wrap(head.takeBytes()) : null;
    }

    @Override
    public void close() {
      delegate.close();
    }
  }

  /** Once, refuses a batch that holds a row. */
  private record Failing(ChangeSource delegate, AtomicBoolean hasFailed) implements ChangeSource {
    @Override
    public void stream(Receiver receiver) throws InterruptedException {
      delegate.stream(
          chunks -> {
            if (chunks.stream().anyMatch(Failing::holdsRow) && !hasFailed.getAndSet(true)) {
              throw new RetriableException("the test refuses a batch");
            }
            return receiver.receive(chunks);
          });
    }

    private static boolean holdsRow(ByteBuffer chunk) {
      boolean[] found = new boolean[1];
      RawChunk.forEach(chunk, (lsn, message) -> found[0] |= message.get(message.position()) == 'I');
      return found[0];
    }

    @Override
    public void close() {
      delegate.close();
    }
  }

  /** Once, makes a text something that is not UTF-8, and is slow to tell of the failure. */
  private record Spoiling(ChangeSource delegate, AtomicBoolean hasSpoiled) implements ChangeSource {
    private static final byte[] TEXT = "to be spoiled".getBytes(StandardCharsets.UTF_8);

    @Override
    public void stream(Receiver receiver) throws InterruptedException {
      delegate.stream(
          chunks -> {
            List<ByteBuffer> spoiled = chunks.stream().map(this::spoil).toList();
            try {
              return receiver.receive(spoiled);
            } catch (HeadwaterException e) {
              assertThat(e.code()).isEqualTo(FailureCode.CHANGE_NOT_WRITABLE);
              // Long enough for all who look beside the stream.
              Thread.sleep(6_500);
              throw new HeadwaterException(
                  FailureCode.SOURCE_UNREACHABLE, "the test cut the stream", "It goes on.", e);
            }
          });
    }

    private ByteBuffer spoil(ByteBuffer chunk) {
      byte[] bytes = new byte[chunk.remaining()];
      chunk.duplicate().get(bytes);
      for (int i = 0; i + TEXT.length <= bytes.length && !hasSpoiled.get(); i++) {
        if (Arrays.equals(bytes, i, i + TEXT.length, TEXT, 0, TEXT.length)) {
          bytes[i] = (byte) 0xFF;
          hasSpoiled.set(true);
        }
      }
      return ByteBuffer.wrap(bytes);
    }

    @Override
    public void close() {
      delegate.close();
    }
  }
}
