package dev.headwater.log.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.codec.JsonBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ChunkRowsTest {
  @Test
  void givesBackWhatWasAdded() {
    Random random = new Random(7);
    ChunkRows rows = new ChunkRows();
    List<byte[]> keys = new ArrayList<>();
    List<byte[]> values = new ArrayList<>();
    long bytes = 0;
    for (int i = 0; i < 5_000; i++) {
      byte[] key = bytes(random, random.nextInt(40));
      byte[] value =
          i % 7 == 0 ? null : bytes(random, random.nextInt(i % 500 == 1 ? 600_000 : 300));
      rows.add(key, value, i % 11 == 0 ? "[\"c" + i + "\"]" : null);
      keys.add(key);
      values.add(value);
      bytes += key.length + (value == null ? 0 : value.length);
    }
    assertThat(rows.size()).isEqualTo(5_000);
    assertThat(rows.bytes()).isBetween(bytes, bytes + 5_000 * 16);
    for (int i = 0; i < 5_000; i++) {
      assertThat(rows.key(i)).isEqualTo(keys.get(i));
      assertThat(rows.value(i)).isEqualTo(values.get(i));
      assertThat(rows.nulls(i)).isEqualTo(i % 11 == 0 ? "[\"c" + i + "\"]" : null);
    }
  }

  @Test
  void takesRowsThatFillBlocksToTheLastByte() {
    ChunkRows rows = new ChunkRows();
    for (int i = 0; i < 64; i++) {
      rows.add(new byte[] {(byte) i}, new byte[(256 << 10) - 9 + i % 3 - 1], null);
    }
    for (int i = 0; i < 64; i++) {
      assertThat(rows.key(i)).containsExactly(i);
      assertThat(rows.value(i)).hasSize((256 << 10) - 9 + i % 3 - 1);
    }
  }

  @Test
  void keepsCopiesOfBuffersThatAreUsedAgain() {
    ChunkRows rows = new ChunkRows();
    JsonBuffer key = new JsonBuffer();
    JsonBuffer value = new JsonBuffer();
    for (String text : List.of("one", "two", "")) {
      key.reset();
      key.write(("k" + text).getBytes(java.nio.charset.StandardCharsets.US_ASCII));
      value.reset();
      value.write(text.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
      rows.add(key, value, null);
    }
    assertThat(rows.key(0)).asString().isEqualTo("kone");
    assertThat(rows.value(0)).asString().isEqualTo("one");
    assertThat(rows.value(1)).asString().isEqualTo("two");
    assertThat(rows.value(2)).isNotNull().isEmpty();
  }

  private static byte[] bytes(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }
}
