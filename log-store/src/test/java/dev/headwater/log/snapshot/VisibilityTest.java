package dev.headwater.log.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class VisibilityTest {
  @Test
  void seesWhatHadEndedWhenItWasTaken() {
    Visibility snapshot = Visibility.parse("700:710:705,702");
    assertThat(snapshot.isVisible(699)).isTrue();
    assertThat(snapshot.isVisible(702)).isFalse();
    assertThat(snapshot.isVisible(703)).isTrue();
    assertThat(snapshot.isVisible(705)).isFalse();
    assertThat(snapshot.isVisible(709)).isTrue();
    assertThat(snapshot.isVisible(710)).isFalse();
    assertThat(snapshot.isVisible(711)).isFalse();
    assertThat(Visibility.parse("5:5:").isVisible(4)).isTrue();
  }

  @Test
  void theStreamsThirtyTwoBitsAreTheNearestOfTheSnapshotsSixtyFour() {
    long epoch = 3L << 32;
    Visibility snapshot = Visibility.parse((epoch + 5) + ":" + (epoch + 10) + ":" + (epoch + 7));
    assertThat(snapshot.isVisible(4)).isTrue();
    assertThat(snapshot.isVisible(7)).isFalse();
    // Of the epoch before, a moment ago.
    assertThat(snapshot.isVisible(0xFFFF_FFF0L)).isTrue();
    assertThat(snapshot.isVisible(0x7000_0000L)).isFalse();
  }

  @Test
  void whatIsNoSnapshotIsRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> Visibility.parse("7"));
  }
}
