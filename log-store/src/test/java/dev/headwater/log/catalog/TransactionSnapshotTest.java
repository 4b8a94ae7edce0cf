package dev.headwater.log.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class TransactionSnapshotTest {
  @Test
  void seesWhatHadEndedWhenItWasTaken() {
    TransactionSnapshot snapshot = TransactionSnapshot.parse("700:710:705,702");
    assertThat(snapshot.sees(699)).isTrue();
    assertThat(snapshot.sees(702)).isFalse();
    assertThat(snapshot.sees(703)).isTrue();
    assertThat(snapshot.sees(705)).isFalse();
    assertThat(snapshot.sees(709)).isTrue();
    assertThat(snapshot.sees(710)).isFalse();
    assertThat(snapshot.sees(711)).isFalse();
    assertThat(TransactionSnapshot.parse("5:5:").sees(4)).isTrue();
  }

  @Test
  void theStreamsThirtyTwoBitsAreTheNearestOfTheSnapshotsSixtyFour() {
    long epoch = 3L << 32;
    TransactionSnapshot snapshot =
        TransactionSnapshot.parse((epoch + 5) + ":" + (epoch + 10) + ":" + (epoch + 7));
    assertThat(snapshot.sees(4)).isTrue();
    assertThat(snapshot.sees(7)).isFalse();
    // Of the epoch before, a moment ago.
    assertThat(snapshot.sees(0xFFFF_FFF0L)).isTrue();
    assertThat(snapshot.sees(0x7000_0000L)).isFalse();
  }

  @Test
  void whatIsNoSnapshotIsRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> TransactionSnapshot.parse("7"));
  }
}
