package dev.headwater.snapshot;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.replay.KeyHash;
import dev.headwater.log.replay.KeySpill;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which keys a reload looks up, in however many slices the files are gone through. */
class SweepTest {
  private static final int KEYS = 5_000;
  private static final byte[] NO_BYTES = {};

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7})
  void asksForEachKeyThatNothingCameForSinceTheReloadBegan(int slices) {
    List<String> found = new ArrayList<>();
    try (KeySpill keys = new KeySpill(FailureCode.INTERNAL)) {
      for (int i = 0; i < KEYS; i++) {
        keys.add(hash(i), Sweep.CANDIDATE, key(i));
        // Twice in the log, as before a compaction.
        keys.add(hash(i), Sweep.CANDIDATE, key(i));
      }
      for (int i = 0; i < KEYS; i++) {
        if (i % 5 != 0) {
          keys.add(hash(i), Sweep.TOUCHED, NO_BYTES);
        }
      }
      // Deleted, and there again, before the reload began.
      keys.add(hash(KEYS), Sweep.TOUCHED, NO_BYTES);
      keys.add(hash(KEYS), Sweep.CANDIDATE, key(KEYS));
      for (int bucket = 0; bucket < KeySpill.BUCKETS; bucket++) {
        for (int slice = 0; slice < slices; slice++) {
          Sweep.untouched(keys, bucket, slice, slices)
              .forEach(key -> found.add(new String(key, UTF_8)));
        }
      }
    }
    List<String> untouched = new ArrayList<>();
    for (int i = 0; i <= KEYS; i += 5) {
      untouched.add(new String(key(i), UTF_8));
    }
    assertThat(found).containsExactlyInAnyOrderElementsOf(untouched);
  }

  private static byte[] key(int i) {
    return ("{\"id\":" + i + "}").getBytes(UTF_8);
  }

  private static KeyHash hash(int i) {
    return KeyHash.of(key(i));
  }
}
