package dev.headwater.sinks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LevelTest {
  private final Level level = new Level(1_000);

  @Test
  void anEndThatIsReachedLaterCountsFromTheMomentItWasAskedFor() {
    level.await(50, 2_000);

    assertThat(level.reach(49)).isFalse();
    assertThat(level.sinceMs()).isEqualTo(1_000);
    assertThat(level.reach(50)).isTrue();
    assertThat(level.sinceMs()).isEqualTo(2_000);
  }

  @Test
  void aReaderThatNeverStandsAtTheNewestEndIsLevelAllTheSame() {
    long offset = 0;
    for (int i = 1; i <= 100; i++) {
      long end = i * 10L + 5;
      level.await(end, 1_000 + i);
      offset = i * 10L;
      level.reach(offset);
    }
    // Of two ends one is kept while the other passes by.
    assertThat(level.sinceMs()).isBetween(1_098L, 1_099L);
  }

  @Test
  void anOldEndIsKeptUntilItIsReachedHoweverManyComeAfterIt() {
    level.await(1_000, 2_000);
    level.await(5_000, 3_000);
    level.reach(1_000);

    assertThat(level.sinceMs()).isEqualTo(2_000);
    assertThat(level.reach(5_000)).as("the second was not kept").isFalse();
  }

  @Test
  void withoutAnEndNothingIsReached() {
    assertThat(level.reach(Long.MAX_VALUE)).isFalse();
    assertThat(level.sinceMs()).isEqualTo(1_000);
  }
}
