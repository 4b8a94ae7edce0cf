package dev.headwater.capture;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RawChunkTest {
  private record Message(long lsn, List<Byte> bytes) {}

  @Test
  void messagesComeBackInOrderWithTheirLsns() {
    Random random = new Random(11);
    RawChunk.Builder builder = new RawChunk.Builder();
    for (int round = 0; round < 3; round++) {
      List<Message> added = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        byte[] bytes = new byte[random.nextInt(10) == 0 ? 0 : random.nextInt(3_000)];
        random.nextBytes(bytes);
        long lsn = random.nextLong();
        builder.add(lsn, ByteBuffer.wrap(bytes));
        added.add(new Message(lsn, list(bytes)));
      }
      assertThat(read(ByteBuffer.wrap(builder.takeBytes()))).isEqualTo(added);
    }
  }

  @Test
  void aMessageInsideALargerBufferIsTakenAsItLiesThereAndTheBufferIsLeftAsItWas() {
    ByteBuffer message = ByteBuffer.wrap(new byte[] {9, 9, 1, 2, 3, 9}, 2, 3);
    RawChunk.Builder builder = new RawChunk.Builder();
    builder.add(5, message);
    assertThat(message.position()).isEqualTo(2);
    assertThat(message.limit()).isEqualTo(5);
    assertThat(read(ByteBuffer.wrap(builder.takeBytes())))
        .containsExactly(new Message(5, List.of((byte) 1, (byte) 2, (byte) 3)));
  }

  @Test
  void theHandlerNeedNotReadAMessageToItsEndAndTheChunkIsLeftAsItWas() {
    RawChunk.Builder builder = new RawChunk.Builder();
    builder.add(1, ByteBuffer.wrap(new byte[] {1, 2, 3}));
    builder.add(2, ByteBuffer.wrap(new byte[] {4}));
    ByteBuffer chunk = ByteBuffer.wrap(builder.takeBytes());
    List<Byte> firsts = new ArrayList<>();
    RawChunk.forEach(chunk, (lsn, message) -> firsts.add(message.get()));
    assertThat(firsts).containsExactly((byte) 1, (byte) 4);
    assertThat(chunk.position()).isZero();
    assertThat(read(chunk)).hasSize(2);
  }

  @Test
  void isFullAtOneMebibyteAndEmptyAgainOnceTaken() {
    RawChunk.Builder builder = new RawChunk.Builder();
    assertThat(builder.isFull()).isFalse();
    builder.add(1, ByteBuffer.allocate(RawChunk.FULL_BYTES - 13));
    assertThat(builder.isFull()).isFalse();
    assertThat(builder.takeBytes()).hasSize(RawChunk.FULL_BYTES - 1);
    builder.add(1, ByteBuffer.allocate(RawChunk.FULL_BYTES - 12));
    assertThat(builder.isFull()).isTrue();
    assertThat(builder.takeBytes()).hasSize(RawChunk.FULL_BYTES);
    assertThat(builder.isFull()).isFalse();
    assertThat(builder.takeBytes()).isEmpty();
  }

  @Test
  void oneMessageMayBeLargerThanAFullChunk() {
    byte[] bytes = new byte[6 * RawChunk.FULL_BYTES];
    new Random(3).nextBytes(bytes);
    RawChunk.Builder builder = new RawChunk.Builder();
    builder.add(1, ByteBuffer.wrap(bytes));
    byte[] chunk = builder.takeBytes();
    RawChunk.forEach(
        ByteBuffer.wrap(chunk),
        (lsn, message) -> assertThat(message).isEqualTo(ByteBuffer.wrap(bytes)));
    builder.add(2, ByteBuffer.wrap(new byte[] {7}));
    assertThat(read(ByteBuffer.wrap(builder.takeBytes())))
        .containsExactly(new Message(2, List.of((byte) 7)));
  }

  @Test
  void anEmptyChunkHoldsNoMessage() {
    assertThat(read(ByteBuffer.allocate(0))).isEmpty();
  }

  private static List<Message> read(ByteBuffer chunk) {
    List<Message> messages = new ArrayList<>();
    RawChunk.forEach(
        chunk,
        (lsn, message) -> {
          byte[] bytes = new byte[message.remaining()];
          message.get(bytes);
          messages.add(new Message(lsn, list(bytes)));
        });
    return messages;
  }

  private static List<Byte> list(byte[] bytes) {
    List<Byte> list = new ArrayList<>(bytes.length);
    for (byte b : bytes) {
      list.add(b);
    }
    return list;
  }
}
