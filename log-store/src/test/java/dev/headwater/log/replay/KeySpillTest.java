package dev.headwater.log.replay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.failure.FailureCode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What was added is handed over again, whether it stayed in memory or went into files. */
class KeySpillTest {
  @ParameterizedTest
  @CsvSource({"0, 10", "100, 10", "200000, 10", "300, 40000", "20, 600000"})
  void handsOverEveryEntryInTheOrderOfItsBucket(int entries, int bytes) {
    byte[] padding = new byte[bytes];
    Arrays.fill(padding, (byte) 'x');
    List<List<Long>> added = new ArrayList<>();
    List<List<Long>> found = new ArrayList<>();
    for (int i = 0; i < KeySpill.BUCKETS; i++) {
      added.add(new ArrayList<>());
      found.add(new ArrayList<>());
    }
    try (KeySpill spill = new KeySpill(FailureCode.INTERNAL)) {
      for (long i = 0; i < entries; i++) {
        KeyHash hash = KeyHash.of(Long.toString(i).getBytes(UTF_8));
        spill.add(hash, i, padding);
        added.get(KeySpill.bucketOf(hash)).add(i);
      }
      for (int bucket = 0; bucket < KeySpill.BUCKETS; bucket++) {
        List<Long> into = found.get(bucket);
        assertThat(spill.entries(bucket)).isEqualTo(added.get(bucket).size());
        spill.read(
            bucket,
            (hash, number, read) -> {
              assertThat(hash).isEqualTo(KeyHash.of(Long.toString(number).getBytes(UTF_8)));
              assertThat(Arrays.equals(read, padding)).isTrue();
              into.add(number);
            });
      }
    }
    assertThat(found).isEqualTo(added);
  }
}
