package dev.headwater.log.append;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.headwater.log.position.Lsn;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is put together here is what Kafka's own builder makes of the same records. */
class RowBatchTest {
  private static final long PRODUCER = 42;
  private static final short EPOCH = 7;
  private static final int SEQUENCE = 1_000;

  private record Numbered(long seq, RowRecord row) {}

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void eachByteIsTheOneThatKafkasOwnBuilderWrites(long seed) {
    List<Numbered> rows = rows(new Random(seed), 500);

    MemoryRecords ours = ours(rows, Compression.NONE);

    assertThat(bytes(ours)).isEqualTo(bytes(kafkas(rows, Compression.NONE)));
  }

  @ParameterizedTest
  @EnumSource(CompressionType.class)
  void eachCompressionGivesKafkasReadersTheSameRecords(CompressionType type) {
    List<Numbered> rows = rows(new Random(type.id), 2_000);
    Compression compression = Compression.of(type).build();

    MutableRecordBatch batch = only(ours(rows, compression));

    batch.ensureValid();
    assertThat(batch.compressionType()).isEqualTo(type);
    assertThat(batch.countOrNull()).isEqualTo(2_000);
    assertThat(batch.isTransactional()).isTrue();
    assertThat(batch.producerId()).isEqualTo(PRODUCER);
    assertThat(batch.producerEpoch()).isEqualTo(EPOCH);
    assertThat(batch.baseSequence()).isEqualTo(SEQUENCE);
    assertThat(batch.lastSequence()).isEqualTo(SEQUENCE + 1_999);
    assertThat(contents(batch)).isEqualTo(contents(only(kafkas(rows, compression))));
  }

  @Test
  void aBatchThatIsSentAgainUnderAnotherSequenceKeepsItsRecords() {
    List<Numbered> rows = rows(new Random(9), 100);
    SealedBatch sealed = sealed(rows, Compression.of(CompressionType.LZ4).build());
    List<String> first = contents(only(sealed.build()));

    sealed.reopenAndRewriteProducerState(PRODUCER + 1, (short) 0, 0, true);

    MutableRecordBatch again = only(sealed.build());
    again.ensureValid();
    assertThat(again.producerId()).isEqualTo(PRODUCER + 1);
    assertThat(again.baseSequence()).isZero();
    assertThat(contents(again)).isEqualTo(first);
  }

  /** It may be in the log by then: under another sequence it would be there twice. */
  @Test
  void aClosedBatchIsGivenNoOtherSequence() {
    SealedBatch sealed = sealed(rows(new Random(9), 3), Compression.NONE);
    sealed.build();

    assertThatThrownBy(() -> sealed.setProducerState(PRODUCER, EPOCH, 2_000, true))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void anAbortedBatchIsNotSent() {
    SealedBatch sealed = sealed(rows(new Random(9), 3), Compression.NONE);
    sealed.abort();

    assertThatThrownBy(sealed::build).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void theProducerCountsJustTheRecordsThatAreThere() {
    SealedBatch sealed = sealed(rows(new Random(9), 3), Compression.NONE);

    for (int i = 0; i < 3; i++) {
      assertThat(sealed.hasRoomFor(1, (byte[]) null, null, Record.EMPTY_HEADERS)).isTrue();
      sealed.append(1, (byte[]) null, null, Record.EMPTY_HEADERS);
    }
    assertThat(sealed.hasRoomFor(1, (byte[]) null, null, Record.EMPTY_HEADERS)).isFalse();
    assertThat(sealed.isFull()).isTrue();
  }

  @Test
  void anOperationThatTheContractDoesNotKnowIsRefused() {
    RowRecord row = new RowRecord(new byte[1], null, 'x', Lsn.ZERO, 0, 0, 0, null);

    assertThatThrownBy(() -> new HeaderBytes().of(1, row))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static MemoryRecords ours(List<Numbered> rows, Compression compression) {
    return sealed(rows, compression).build();
  }

  private static SealedBatch sealed(List<Numbered> rows, Compression compression) {
    RowBatch batch = new RowBatch(compression, 100);
    HeaderBytes headers = new HeaderBytes();
    for (Numbered next : rows) {
      headers.of(next.seq(), next.row());
      add(batch, next.row(), headers);
    }
    SealedBatch sealed = batch.seal();
    sealed.setProducerState(PRODUCER, EPOCH, SEQUENCE, true);
    return sealed;
  }

  /** From the middle of an array, as the values of a chunk stand. */
  private static void add(RowBatch batch, RowRecord row, HeaderBytes headers) {
    byte[] value = row.value();
    int length = value == null ? -1 : value.length;
    byte[] in = new byte[Math.max(0, length) + 7];
    if (value != null) {
      System.arraycopy(value, 0, in, 3, length);
    }
    batch.add(row.key(), in, 3, length, row.tsMs(), headers);
  }

  private static MemoryRecords kafkas(List<Numbered> rows, Compression compression) {
    MemoryRecordsBuilder builder =
        MemoryRecords.builder(
            ByteBuffer.allocate(1 << 20),
            RecordBatch.MAGIC_VALUE_V2,
            compression,
            TimestampType.CREATE_TIME,
            0);
    for (Numbered next : rows) {
      RowRecord row = next.row();
      builder.append(row.tsMs(), row.key(), row.value(), headers(next));
    }
    builder.setProducerState(PRODUCER, EPOCH, SEQUENCE, true);
    return builder.build();
  }

  private static Header[] headers(Numbered next) {
    RowRecord row = next.row();
    List<Header> headers = new ArrayList<>();
    headers.add(header("seq", String.valueOf(next.seq())));
    headers.add(header("op", String.valueOf(row.op())));
    headers.add(header("lsn", row.lsn().toString()));
    headers.add(header("txid", String.valueOf(row.txid())));
    headers.add(header("ts_ms", String.valueOf(row.tsMs())));
    headers.add(header("schema", String.valueOf(row.schemaVersion())));
    if (row.nulls() != null) {
      headers.add(header("nulls", row.nulls()));
    }
    return headers.toArray(Header[]::new);
  }

  private static Header header(String name, String value) {
    return new RecordHeader(name, value.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Rows of a few transactions: small, empty, deleted, and larger than what is compressed at once.
   */
  private static List<Numbered> rows(Random random, int count) {
    List<Numbered> rows = new ArrayList<>();
    // Each crosses a power of ten, where a number becomes longer.
    long seq = (long) Math.pow(10, 2 + random.nextInt(12)) - 50;
    long txid = 0;
    long tsMs = 1_700_000_000_000L;
    for (int i = 0; i < count; i++) {
      if (random.nextInt(10) == 0) {
        txid = random.nextInt(Integer.MAX_VALUE);
        tsMs += random.nextInt(100_000) - 40_000;
      }
      int length = random.nextInt(50) == 0 ? random.nextInt(100_000) : random.nextInt(200);
      @Nullable byte[] value = random.nextInt(8) == 0 ? null : text(random, length);
      rows.add(
          new Numbered(
              seq++,
              new RowRecord(
                  text(random, random.nextInt(80)),
                  value,
                  "rcudt".charAt(random.nextInt(5)),
                  new Lsn(random.nextInt(3) * 0x1_0000_0000L + random.nextInt(5)),
                  txid,
                  tsMs,
                  random.nextInt(2),
                  random.nextInt(20) == 0 ? "[\"größe\"]" : null)));
    }
    return rows;
  }

  private static byte[] text(Random random, int length) {
    byte[] text = new byte[length];
    for (int i = 0; i < length; i++) {
      text[i] = (byte) ('a' + random.nextInt(8));
    }
    return text;
  }

  private static MutableRecordBatch only(MemoryRecords records) {
    List<MutableRecordBatch> batches = new ArrayList<>();
    records.batches().forEach(batches::add);
    assertThat(batches).hasSize(1);
    return batches.get(0);
  }

  private static List<String> contents(RecordBatch batch) {
    List<String> contents = new ArrayList<>();
    for (Record record : batch) {
      StringBuilder text = new StringBuilder();
      text.append(record.offset()).append(' ').append(record.timestamp());
      text.append(' ').append(utf8(record.key())).append(' ').append(utf8(record.value()));
      for (Header header : record.headers()) {
        text.append(' ').append(header.key()).append('=');
        text.append(new String(header.value(), StandardCharsets.UTF_8));
      }
      contents.add(text.toString());
    }
    return contents;
  }

  private static String utf8(@Nullable ByteBuffer bytes) {
    return bytes == null ? "-" : StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
  }

  private static byte[] bytes(MemoryRecords records) {
    ByteBuffer buffer = records.buffer().duplicate();
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }
}
